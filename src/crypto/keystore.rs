//! The keystore: a folder beside the database with a random seed for each texter. Their data key is wrapped
//! by the master key and this seed together, so that overwriting 32 bytes here makes every copy of the
//! database unreadable for them: what was erased stays erased when a backup comes back.
//!
//! Each process writes into files of its own; all read all. Seeds are made ahead, many with one sync, so that
//! a new texter never waits for this disk. A file is a row of records: an id of 16 bytes and a seed of 32.
//! A seed of zeros was destroyed. The file `keystore` holds the id of the whole: a database remembers it, and
//! is not opened with another keystore, or none.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::CryptoError;
use crate::disk;
use crate::id::{IdSource, random};

/// How long the id of a seed is.
pub const SEED_ID: usize = 16;
const SEED: usize = 32;
const RECORD: usize = SEED_ID + SEED;
/// How many seeds are made with one sync.
const AHEAD: usize = 256;
/// When so few are left, more are made.
const FEW: usize = 128;
const ENDS_IN: &str = "seeds";
/// The file that tells one keystore from another.
const NAME: &str = "keystore";

/// A seed.
pub type Seed = Zeroizing<[u8; SEED]>;
type SeedId = [u8; SEED_ID];

/// Why the keystore cannot be used: the place, and the fix.
#[derive(Debug, thiserror::Error)]
#[error(
    "keys.keystore: {path} cannot be used: {source}. Make it a folder of the user that harborline runs as, with mode 0700"
)]
pub struct KeystoreError {
    path: String,
    source: io::Error,
}

/// The seeds.
pub struct Keystore {
    folder: PathBuf,
    ids: Arc<dyn IdSource>,
    /// What tells this keystore from others.
    name: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Where each seed is, and what it is; none when it was destroyed.
    seeds: HashMap<SeedId, Place>,
    /// The files, with how much of each was read.
    files: Vec<(PathBuf, u64)>,
    /// The file of this process.
    own: Option<usize>,
    /// Made ahead, and given to nobody.
    free: VecDeque<SeedId>,
}

struct Place {
    file: usize,
    at: u64,
    seed: Option<Seed>,
}

impl Keystore {
    /// Opens the keystore in a folder, or makes one.
    ///
    /// # Errors
    /// [`KeystoreError`] names the folder and the fix.
    pub fn open(folder: &Path, ids: Arc<dyn IdSource>) -> Result<Self, KeystoreError> {
        let failed = |source| KeystoreError {
            path: folder.display().to_string(),
            source,
        };
        // The volume of a container may come open. That of another user is used as it is, and the doctor says so.
        if let Err(error) = disk::closed_folder(folder)
            && !folder.is_dir()
        {
            return Err(failed(error));
        }
        let name = named(folder, &*ids).map_err(failed)?;
        let store = Self {
            folder: folder.to_path_buf(),
            ids,
            name,
            known: Mutex::default(),
        };
        store.known().read(folder).map_err(failed)?;
        Ok(store)
    }

    /// Takes a keystore away in which no seed was ever made: its name and its folder.
    ///
    /// # Errors
    /// What the system says. A folder with anything else in it is left as it is: each seed may be somebody's,
    /// and nothing brings it back.
    pub fn take_away_unused(folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            if entry?.file_name() != NAME {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
        }
        fs::remove_file(folder.join(NAME))?;
        fs::remove_dir(folder)
    }

    /// What tells this keystore from others.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes seeds ahead where few are left, and says whether there are some. For a worker: who takes a seed
    /// is not to wait for the disk.
    ///
    /// # Errors
    /// What the system says; nothing of what was not synced is given out.
    pub fn make_ahead(&self) -> io::Result<()> {
        let mut known = self.known();
        if known.free.len() < FEW {
            known.make(&self.folder, &*self.ids)?;
        }
        Ok(())
    }

    /// Whether a seed can be given at once.
    #[must_use]
    pub fn has_some(&self) -> bool {
        !self.known().free.is_empty()
    }

    /// A seed that nobody had, on disk already; none when the disk does not take one.
    #[must_use]
    pub fn take(&self) -> Option<(SeedId, Seed)> {
        let mut known = self.known();
        if known.free.is_empty()
            && let Err(error) = known.make(&self.folder, &*self.ids)
        {
            tracing::error!(%error, "the keystore gives no seed; the master key alone wraps a texter's key for now");
            return None;
        }
        let id = known.free.pop_front()?;
        let seed = known.seeds.get(&id)?.seed.clone()?;
        Some((id, seed))
    }

    /// The seed with this id. What another process has made since is read.
    ///
    /// # Errors
    /// [`CryptoError::Erased`] when it was destroyed, [`CryptoError::NoSeed`] when it is not there.
    pub fn seed(&self, id: &[u8]) -> Result<Seed, CryptoError> {
        let id: SeedId = id.try_into().map_err(|_| CryptoError::NoSeed)?;
        let mut known = self.known();
        if !known.seeds.contains_key(&id)
            && let Err(error) = known.read(&self.folder)
        {
            tracing::error!(%error, "the keystore cannot be read");
        }
        match known.seeds.get(&id) {
            Some(Place {
                seed: Some(seed), ..
            }) => Ok(seed.clone()),
            Some(_) => Err(CryptoError::Erased),
            None => Err(CryptoError::NoSeed),
        }
    }

    /// Destroys seeds, on disk first. One that is not there is no error: the keystore is older than the
    /// database, and it was never in it.
    ///
    /// # Errors
    /// What the system says: then it is to be tried again.
    pub fn destroy(&self, ids: &[Vec<u8>]) -> io::Result<()> {
        let mut known = self.known();
        for id in ids {
            let Ok(id) = SeedId::try_from(id.as_slice()) else {
                continue;
            };
            if !known.seeds.contains_key(&id) {
                known.read(&self.folder)?;
            }
            let Some((file, at)) = known.seeds.get(&id).map(|place| (place.file, place.at)) else {
                continue;
            };
            let file = disk::private_options()
                .write(true)
                .open(&known.files[file].0)?;
            file.write_all_at(&[0; SEED], at + SEED_ID as u64)?;
            file.sync_data()?;
            if let Some(place) = known.seeds.get_mut(&id) {
                place.seed = None;
            }
            known.free.retain(|free| *free != id);
        }
        Ok(())
    }
}

impl Known {
    /// Reads what was added since the last time, in any file.
    fn read(&mut self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == ENDS_IN) {
                let place = self.files.iter().position(|(known, _)| *known == path);
                let file = place.unwrap_or_else(|| {
                    self.files.push((path, 0));
                    self.files.len() - 1
                });
                self.read_file(file)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, number: usize) -> io::Result<()> {
        let (path, read) = &self.files[number];
        let mut file = File::open(path)?;
        let mut at = *read;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.read_to_end(&mut bytes)?;
        // A record that is half there is being written; it is read the next time.
        for record in bytes.chunks_exact(RECORD) {
            let (mut id, mut seed) = ([0; SEED_ID], Zeroizing::new([0; SEED]));
            id.copy_from_slice(&record[..SEED_ID]);
            seed.copy_from_slice(&record[SEED_ID..]);
            let whole = seed.iter().any(|byte| *byte != 0);
            self.seeds.insert(
                id,
                Place {
                    file: number,
                    at,
                    seed: whole.then_some(seed),
                },
            );
            at += RECORD as u64;
        }
        self.files[number].1 = at;
        Ok(())
    }

    /// Makes seeds: they are on disk before anybody gets one.
    fn make(&mut self, folder: &Path, ids: &dyn IdSource) -> io::Result<()> {
        let number = if let Some(number) = self.own {
            number
        } else {
            self.files.push((own_file(folder, ids)?, 0));
            self.files.len() - 1
        };
        self.own = Some(number);
        let mut bytes = Zeroizing::new(Vec::with_capacity(AHEAD * RECORD));
        for _ in 0..AHEAD {
            let record: Zeroizing<[u8; RECORD]> = Zeroizing::new(random(ids));
            bytes.extend_from_slice(record.as_slice());
        }
        let (path, read) = &self.files[number];
        let mut file = disk::private_options().write(true).open(path)?;
        // Over what a write that failed may have left half.
        file.seek(SeekFrom::Start(*read))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        self.read_file(number)?;
        let made = bytes.chunks_exact(RECORD).map(|record| {
            let mut id = [0; SEED_ID];
            id.copy_from_slice(&record[..SEED_ID]);
            id
        });
        self.free.extend(made);
        Ok(())
    }
}

/// A new file that no other process has.
fn own_file(folder: &Path, ids: &dyn IdSource) -> io::Result<PathBuf> {
    loop {
        let name = hex::encode(random::<8>(ids));
        let path = folder.join(name).with_extension(ENDS_IN);
        match disk::write_new(&path, &[]) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path),
        }
    }
}

/// The name of the keystore in a folder; a new one gets one.
fn named(folder: &Path, ids: &dyn IdSource) -> io::Result<String> {
    let path = folder.join(NAME);
    let made = hex::encode(random::<16>(ids));
    match disk::write_new(&path, format!("{made}\n").as_bytes()) {
        Ok(()) => Ok(made),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(&path)?.trim().to_owned())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::id::SeededIds;

    fn open(folder: &Path, seed: u64) -> Keystore {
        Keystore::open(folder, Arc::new(SeededIds::new(seed))).unwrap()
    }

    #[test]
    fn a_folder_that_was_open_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        drop(open(folder.path(), 1));
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_keystore_with_a_seed_is_never_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keystore");
        drop(open(&folder, 1));
        Keystore::take_away_unused(&folder).unwrap();
        assert!(!folder.exists());
        let used = open(&folder, 2);
        let (id, seed) = used.take().unwrap();
        assert!(Keystore::take_away_unused(&folder).is_err());
        let again = open(&folder, 3);
        assert_eq!(again.name(), used.name());
        assert_eq!(*again.seed(&id).unwrap(), *seed);
    }

    #[test]
    fn seeds_are_found_again_by_every_process_until_they_are_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keystore");
        let (one, other) = (open(&folder, 1), open(&folder, 2));
        assert_eq!(one.name(), other.name());
        let (id, seed) = one.take().unwrap();
        let (second, _) = other.take().unwrap();
        assert_ne!(id, second);
        assert_eq!(*other.seed(&id).unwrap(), *seed);
        assert!(one.seed(&second).is_ok());
        other.destroy(&[id.to_vec(), vec![9; 16], vec![1]]).unwrap();
        assert_eq!(other.seed(&id).err(), Some(CryptoError::Erased));
        let third = open(&folder, 3);
        assert_eq!(third.seed(&id).err(), Some(CryptoError::Erased));
        assert!(third.seed(&second).is_ok());
        assert_eq!(third.seed(&[7; 16]).err(), Some(CryptoError::NoSeed));
        assert_eq!(third.seed(&[7]).err(), Some(CryptoError::NoSeed));
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(SEED).any(|window| window == seed.as_slice()));
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn no_seed_is_given_twice_and_more_are_made_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), 1);
        assert!(!store.has_some());
        store.make_ahead().unwrap();
        let taken: std::collections::HashSet<_> =
            (0..3 * AHEAD).map(|_| store.take().unwrap().0).collect();
        assert_eq!(taken.len(), 3 * AHEAD);
        let again = open(folder.path(), 2);
        assert!(taken.iter().all(|id| again.seed(id).is_ok()));
    }

    #[test]
    fn half_a_record_at_the_end_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (id, _) = open(folder.path(), 1).take().unwrap();
        let path = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .find(|path| path.extension().is_some())
            .unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&[1; 20]).unwrap();
        assert!(open(folder.path(), 2).seed(&id).is_ok());
    }
}
