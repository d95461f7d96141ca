//! Faults of the database: stopped, frozen, slow, full, without its tables, locked, read-only, cut off, and
//! with no connection left.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    CRISES, OTHERS, a_receipt_finds_its_row, all_is_stored_once, crisis, everyone_is_answered,
    lost_and_doubled,
};
use crate::failsafe::{paged, replayed};
use crate::support::World;
use crate::support::faults::{Breakable, Disk, SlowWay, Way};
use crate::support::figures::Figures;
use crate::support::world::{minutes, seconds};

#[tokio::test]
async fn with_postgresql_stopped_all_are_answered_and_kept() {
    let Some(mut server) = Breakable::start().await else {
        return;
    };
    let world = World::facing(server.url()).await;
    server.stop();
    let figures = Figures::of("database stopped (PostgreSQL)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    // A receipt of the time of the fault is kept, too.
    let receipt = [("MessageSid", "SMreply"), ("MessageStatus", "delivered")];
    assert_eq!(world.hook(&receipts, &receipt).await.0, 200);
    assert_eq!(
        world.app.failsafe.spool.counts().entries,
        CRISES + OTHERS + 1
    );
    // Nobody can say that they are there: everyone is paged again.
    world.clock.advance(minutes(3));
    assert!(world.app.failsafe.replay().await.is_err());
    paged(&world, 2).await;
    figures.mended();
    server.again().await;
    replayed(&world).await;
    let accepted = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'accepted'";
    assert_eq!(
        world.count(accepted).await,
        1,
        "by the receipt that was kept"
    );
    let again = "UPDATE outbox SET state = 'awaiting', done_at = NULL WHERE state = 'accepted'";
    world.damage(again).await;
    all_is_stored_once(&world, &figures).await;
}

#[tokio::test]
async fn with_postgresql_frozen_all_are_answered_and_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let world = World::facing(server.url()).await;
    server.freeze();
    let figures = Figures::of("database frozen (PostgreSQL, SIGSTOP)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    figures.mended();
    server.thaw();
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_postgresql_ten_seconds_away_all_are_answered_and_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let way = SlowWay::to(server.address()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/line", way.port);
    let world = World::facing(url).await;
    way.delay(seconds(10));
    let figures = Figures::of("database slow (10 s for each word to it)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    figures.mended();
    way.delay(Duration::ZERO);
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_the_disk_of_postgresql_full_all_are_answered_and_kept() {
    let Some(mut server) = Breakable::on_a_small_disk(192).await else {
        return;
    };
    let world = World::facing(server.url()).await;
    server.disk().fill();
    let figures = Figures::of("disk of the database full (PostgreSQL)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    server.disk().free();
    // A full disk ends it altogether when its journal cannot be written.
    figures.mended();
    server.again().await;
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_the_tables_gone_all_are_answered_and_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let mut world = World::facing(server.url()).await;
    server.drop_schema().await;
    let figures = Figures::of("tables gone (schema dropped)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    // Nothing is given up because the tables are not there.
    assert!(world.app.failsafe.replay().await.is_err());
    assert_eq!(world.app.failsafe.spool.counts().entries, CRISES + OTHERS);
    figures.mended();
    world.restart().await;
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_sqlite_locked_by_another_process_all_are_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/harborline.db", folder.path().display());
    let world = World::facing(url.clone()).await;
    let mut lock = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut lock)
        .await
        .unwrap();
    let figures = Figures::of("database locked by another process (SQLite)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    figures.mended();
    sqlx::query("ROLLBACK").execute(&mut lock).await.unwrap();
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_the_disk_of_sqlite_full_all_are_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mounted(&folder.path().join("disk"), 24) else {
        return;
    };
    let world = World::facing(format!("sqlite://{}/line.db", disk.path().display())).await;
    disk.fill();
    let figures = Figures::of("disk of the database full (SQLite)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    figures.mended();
    disk.free();
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
    world.app.store.close().await;
}

#[tokio::test]
async fn with_the_folder_of_sqlite_read_only_all_are_answered_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mounted(&folder.path().join("disk"), 24) else {
        return;
    };
    let mut world = World::facing(format!("sqlite://{}/line.db", disk.path().display())).await;
    // Its journal is removed with the last connection: a database at rest has none that is open.
    world.app.store.close().await;
    disk.read_only(true);
    let figures = Figures::of("disk of the database read-only (SQLite)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    disk.read_only(false);
    figures.mended();
    world.restart().await;
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
    world.app.store.close().await;
}

#[tokio::test]
async fn with_postgresql_read_only_all_are_answered_and_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let world = World::facing(server.url()).await;
    server.takes_writes(false).await;
    let figures = Figures::of("database read-only (PostgreSQL)", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    let ready = world.readyz().await;
    assert_eq!(ready["status"], "down", "{ready}");
    assert_eq!(ready["reason"], "the database takes no writes", "{ready}");
    assert!(world.app.failsafe.replay().await.is_err());
    assert_eq!(world.app.failsafe.spool.counts().entries, CRISES + OTHERS);
    figures.mended();
    server.takes_writes(true).await;
    replayed(&world).await;
    assert_eq!(world.readyz().await["status"], "ok");
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}

#[tokio::test]
async fn with_connections_cut_again_and_again_all_are_answered_and_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let way = Way::to(server.address()).await;
    let world = World::facing(way.url()).await;
    let figures = Figures::of("connections to the database cut, 20 times", "P3 P5 P6");
    let numbers: Vec<usize> = (0..400).collect();
    for some in numbers.chunks(20) {
        let texts = join_all(some.iter().map(|n| crisis(&world, &figures, *n)));
        let cut = async {
            tokio::task::yield_now().await;
            way.cut();
        };
        tokio::join!(texts, cut);
    }
    figures.mended();
    replayed(&world).await;
    figures.recovered();
    let (lost, doubled) = lost_and_doubled(&world, numbers.len()).await;
    figures.kept(lost, doubled);
    assert_eq!((lost, doubled), (0, 0));
    let replies = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND texter_id IS NOT NULL";
    assert_eq!(world.count(replies).await, 400);
    figures.print();
}

#[tokio::test]
async fn with_every_connection_in_use_crises_are_answered_and_all_are_kept() {
    let Some(server) = Breakable::start().await else {
        return;
    };
    let mut world = World::facing(server.url()).await;
    world.config.database.connections = Some(4);
    world.restart().await;
    assert_eq!(world.app.store.connections().most, 4);
    let mut in_use = Vec::new();
    for _ in 0..4 {
        in_use.push(world.app.store.read().await.unwrap());
    }
    let figures = Figures::of("every connection to the database in use", "P3 P5 P6");
    let receipts = everyone_is_answered(&world, &figures).await;
    figures.mended();
    drop(in_use);
    replayed(&world).await;
    all_is_stored_once(&world, &figures).await;
    a_receipt_finds_its_row(&world, &receipts).await;
}
