//! What the fail-safe cannot mend alone, the operator hears: what was not kept, what was set aside,
//! and what stays in the spool.

use std::path::PathBuf;

use crate::failsafe::refusals;
use crate::support::world::minutes;
use crate::support::{Engine, World, both};

/// The texts of the program to the operator.
fn told(world: &World) -> Vec<String> {
    let told = world.responder().inbox();
    told.into_iter()
        .filter(|text| text.starts_with("Harborline"))
        .collect()
}

/// The one entry that waits in the spool.
fn entry(world: &World) -> PathBuf {
    let files = std::fs::read_dir(&world.config.spool.directory).unwrap();
    let mut files = files.map(|file| file.unwrap().path());
    files.find(|path| path.extension().is_some()).unwrap()
}

/// A text that the database refuses is in the spool, and the database is well.
async fn spooled(world: &World) {
    let [_, every, lift] = refusals(world);
    world.damage(every).await;
    world.phone("+15550123").delivers("SM1", "menu").await;
    world.damage(lift).await;
    assert_eq!(world.app.failsafe.spool.counts().entries, 1);
}

#[tokio::test]
async fn what_was_not_kept_is_told_once_with_its_count() {
    let full = |config: &mut harborline::config::Config| config.spool.max_bytes = 10;
    let world = World::with(Engine::Sqlite, full).await.unwrap();
    let [_, every, lift] = refusals(&world);
    world.damage(every).await;
    for (sid, number) in [("SM1", "+15550123"), ("SM2", "+15550124")] {
        world.phone(number).delivers(sid, "menu").await;
    }
    assert_eq!(told(&world), [""; 0]);
    world.damage(lift).await;
    world.settle().await;
    let said = told(&world);
    assert!(said.len() == 1, "{said:?}");
    assert!(
        said[0].contains("2 text(s)") && said[0].contains("gateway main were NOT KEPT"),
        "{said:?}"
    );
    assert_eq!(world.readyz().await["incidents"][0]["kind"], "not_kept");
    world.advance(minutes(31)).await;
    let said = told(&world);
    assert!(said.last().unwrap().contains("over"), "{said:?}");
}

both! {
    async fn an_entry_that_the_database_refuses_is_told(world: World) {
        let [bad, _, _] = refusals(&world);
        world.damage(bad).await;
        world.phone("+15550123").delivers("SMbad", "menu").await;
        for _ in 0..3 {
            world.app.failsafe.replay().await.unwrap();
        }
        world.settle().await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("1 that waited in the spool were refused"), "{said:?}");
        assert!(said[0].contains("spool/refused"), "{said:?}");
    }

    async fn an_entry_that_cannot_be_opened_is_told_and_after_a_start_again(world: World) {
        spooled(&world).await;
        std::fs::write(entry(&world), "torn").unwrap();
        assert_eq!(world.app.failsafe.replay().await.unwrap(), 0);
        world.settle().await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("could not be opened"), "{said:?}");
        let later = world.another_app().await;
        later.failsafe.replay().await.unwrap();
        later.incidents.tick().await.unwrap();
        world.settle().await;
        assert_eq!(told(&world), [""; 0], "told once, counted again");
        let open = world.readyz().await["incidents"][0].clone();
        assert_eq!((&open["kind"], &open["count"]), (&"set_aside".into(), &1.into()));
    }

    async fn a_spool_that_stays_full_before_a_well_database_is_told_after_five_minutes(world: World) {
        spooled(&world).await;
        // The disk does not give the entry back just now.
        let (entry, aside) = (entry(&world), world.config.spool.directory.join("not-here"));
        std::fs::rename(&entry, &aside).unwrap();
        std::fs::create_dir(&entry).unwrap();
        for _ in 0..=5 {
            assert_eq!(world.app.failsafe.replay().await.unwrap(), 0);
            world.settle().await;
            assert_eq!(told(&world), [""; 0]);
            world.clock.advance(minutes(1));
        }
        world.app.failsafe.replay().await.unwrap();
        world.settle().await;
        let said = told(&world);
        assert!(said.len() == 1 && said[0].contains("1 still wait in the spool"), "{said:?}");
        std::fs::remove_dir(&entry).unwrap();
        std::fs::rename(&aside, &entry).unwrap();
        assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
        world.advance(minutes(31)).await;
        let said = told(&world);
        assert!(said.last().unwrap().contains("nothing has waited too long"), "{said:?}");
    }
}
