//! The test world.

pub(crate) mod binary;
pub(crate) mod browser;
pub(crate) mod faults;
pub(crate) mod figures;
pub(crate) mod gateway;
pub(crate) mod hostile;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod mailbox;
pub(crate) mod people;
pub(crate) mod phone;
pub(crate) mod postgres;
pub(crate) mod require;
pub(crate) mod rules;
pub(crate) mod running;
pub(crate) mod sandbox;
pub(crate) mod sql;
pub(crate) mod sqlite;
pub(crate) mod team;
pub(crate) mod visitor;
pub(crate) mod wait;
pub(crate) mod world;

pub(crate) use browser::Browser;
pub(crate) use world::{Engine, World};

/// How many runs of a simulation: more by `HARBORLINE_TEST_SEEDS`.
pub(crate) fn seeds(usual: u64) -> u64 {
    let wanted = std::env::var("HARBORLINE_TEST_SEEDS").ok();
    wanted.and_then(|seeds| seeds.parse().ok()).unwrap_or(usual)
}

/// Runs a test on both engines: `both! { async fn a_sentence(world: World) { … } }`.
/// Other worlds are made by a function: `both! { in a_world; async fn … }`.
macro_rules! both {
    ($(async fn $name:ident($world:ident: $kind:ty) $body:block)+) => {
        $crate::support::both! {
            in $crate::support::World::on;
            $(async fn $name($world: $kind) $body)+
        }
    };
    (in $made:path; $(async fn $name:ident($world:ident: $kind:ty) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn run($world: $kind) $body

            #[tokio::test]
            async fn sqlite() {
                run($made($crate::support::Engine::Sqlite).await.unwrap()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(world) = $made($crate::support::Engine::Postgres).await {
                    run(world).await;
                }
            }
        }
    )+};
}
pub(crate) use both;
