//! Faults of the disk of the spool, while the database is away as well: a crisis is answered, and everybody
//! hears the truth.

use std::path::Path;

use super::{crisis, other};
use crate::support::faults::Disk;
use crate::support::figures::Figures;
use crate::support::world::{DUTY, SECOND};
use crate::support::{Engine, World};

/// How many people in crisis text.
const CRISES: usize = 50;

/// A world whose spool lies on a small disk of its own; `None` (said loudly) where this user cannot make one.
async fn world(place: &Path) -> Option<(World, Disk)> {
    let disk = Disk::mounted(&place.join("disk"), 4)?;
    let directory = disk.path().join("spool");
    let on_it = |config: &mut harborline::config::Config| config.spool.directory = directory;
    let world = World::with(Engine::Sqlite, on_it).await.unwrap();
    world.app.store.close().await;
    Some((world, disk))
}

/// Each crisis is answered, everyone on call hears that its text was not kept, the others hear so themselves.
async fn all_hear_the_truth(world: &World, figures: &Figures, why: &str) {
    for n in 0..CRISES {
        crisis(world, figures, n).await;
    }
    for number in [DUTY, SECOND] {
        let pages = world.twilio.heard(number, 1).await;
        assert!(pages[0].body.contains("NOT kept"), "{pages:?}");
    }
    let told = world
        .phone(&other(1))
        .delivers("SMother1", "menu")
        .await
        .unwrap();
    assert!(
        told.contains("could not keep your text") && told.contains("988"),
        "{told}"
    );
    let ready = world.readyz().await;
    assert!(
        ready["reasons"].as_array().unwrap().contains(&why.into()),
        "{ready}"
    );
}

/// What comes in afterwards is kept again, and taken over by the database.
async fn is_well_again(mut world: World, figures: &Figures) {
    let texter = world.phone(&other(2));
    let held = texter.delivers("SMother2", "menu").await.unwrap();
    assert!(held.contains("late"), "{held}");
    assert_eq!(world.app.failsafe.spool.counts().entries, 1);
    figures.recovered();
    world.restart().await;
    assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
    world.settle().await;
    world.phone(&other(2)).expect("Reply with a number");
    figures.print();
}

#[tokio::test]
async fn with_the_disk_of_the_spool_full_crises_are_answered_and_all_hear_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let Some((world, disk)) = world(folder.path()).await else {
        return;
    };
    let figures = Figures::of("disk of the spool full, database away", "P3 P8");
    disk.fill();
    all_hear_the_truth(&world, &figures, "the disk of the spool is full").await;
    figures.mended();
    disk.free();
    is_well_again(world, &figures).await;
}

#[tokio::test]
async fn with_the_spool_not_writable_crises_are_answered_and_all_hear_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let Some((world, disk)) = world(folder.path()).await else {
        return;
    };
    let figures = Figures::of("spool not writable, database away", "P3 P8");
    disk.read_only(true);
    let why = "the folder of the spool cannot be written";
    all_hear_the_truth(&world, &figures, why).await;
    figures.mended();
    disk.read_only(false);
    is_well_again(world, &figures).await;
}

#[tokio::test]
async fn an_entry_whose_file_cannot_be_removed_is_handed_over_once_and_looked_at_no_faster() {
    let folder = tempfile::tempdir().unwrap();
    let Some((mut world, disk)) = world(folder.path()).await else {
        return;
    };
    world.phone(&other(1)).delivers("SMother1", "menu").await;
    world.restart().await;
    disk.read_only(true);
    for look in 0..3 {
        let taken = world.app.failsafe.replay().await.unwrap();
        assert_eq!(taken, 0, "look {look}: a worker would look again at once");
        assert_eq!(world.app.failsafe.spool.counts().entries, 1);
    }
    let decided = "SELECT COUNT(*) FROM audit_log WHERE action = 'text.decided'";
    assert_eq!(world.count(decided).await, 1);
    disk.read_only(false);
    assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
    assert!(world.app.failsafe.spool.is_empty());
}
