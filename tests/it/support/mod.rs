//! The test world.

pub(crate) mod binary;
pub(crate) mod browser;
pub(crate) mod faults;
pub(crate) mod figures;
pub(crate) mod gateway;
pub(crate) mod load;
pub(crate) mod mailbox;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod require;
pub(crate) mod sandbox;
pub(crate) mod team;
pub(crate) mod visitor;
pub(crate) mod world;

pub(crate) use browser::Browser;
pub(crate) use world::{Engine, World};

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
