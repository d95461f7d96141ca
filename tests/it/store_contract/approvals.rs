//! The contract of the store for approvals, on both engines.

use std::collections::BTreeMap;

use harborline::clock::At;
use harborline::content::PackFile;
use harborline::staff::Role;
use harborline::store::{NewApproval, NewStaff, StoreError, Tx};
use jiff::civil::date;

use crate::support::world::seconds;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

both! {
    async fn an_approval_reads_back_whole_the_latest_first_and_is_withdrawn_once(world: World) {
        let unit = world.app.store.write(|tx: &mut Tx| Box::pin(async move {
            let new = NewStaff { login: "lead@example.org", name: "First", role: Role::Supervisor, password_hash: "no password" };
            let staff_id = tx.add_staff(&new, NOW).await?.unwrap();
            let marks = BTreeMap::from([("messages.welcome".to_owned(), "abc".to_owned())]);
            let new = NewApproval { file: PackFile::En, hash: "one", marks: &marks, staff_id, review_on: date(2026, 7, 1), at: NOW };
            let first = tx.approve(&new).await?;
            let later = NOW.plus(seconds(1));
            let second = tx.approve(&NewApproval { hash: "two", at: later, ..new.clone() }).await?;
            tx.approve(&NewApproval { file: PackFile::Codes, marks: &BTreeMap::new(), ..new }).await?;
            let withdrawn = [
                tx.withdraw_approval(first, staff_id, later).await?,
                tx.withdraw_approval(first, staff_id, later).await?,
            ];
            Ok::<_, StoreError>((first, second, withdrawn, tx.approvals().await?))
        }));
        let (first, second, withdrawn, all) = unit.await.unwrap();
        assert_eq!(withdrawn, [true, false]);
        let ids: Vec<_> = all.iter().map(|one| (one.file, one.id)).collect();
        assert_eq!(ids[..2], [(PackFile::En, second), (PackFile::En, first)]);
        assert_eq!((all[2].file, all.len()), (PackFile::Codes, 3));
        let read = &all[1];
        assert_eq!((read.hash.as_str(), read.by.as_str(), read.at), ("one", "First", NOW));
        assert_eq!((read.review_on, read.withdrawn_by.as_deref()), (date(2026, 7, 1), Some("First")));
        assert_eq!(read.marks["messages.welcome"], "abc");
        assert!(all[0].stands() && !read.stands());
    }
}
