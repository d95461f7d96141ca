//! Whoever can write in the database cannot move words about: what is sealed opens in its own row and column
//! alone, and nothing is shown in another's place (promise P9; the forms themselves: src/crypto/properties.rs).

use harborline::staff::Role;

use crate::support::{World, both};

const FIRST: &str = "i want to die, umbrella";
const SECOND: &str = "i want to die, lantern";

/// How many of the open conversations show a word.
async fn shown(world: &World, phrase: &str) -> usize {
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let visitor = world.visitor(&lead).await;
    let mut count = 0;
    for conversation in world.in_the_queue().await {
        let (_, page) = visitor
            .opens(&format!("/conversations/{conversation}"))
            .await;
        count += usize::from(page.contains(phrase));
    }
    count
}

both! {
    async fn words_that_were_put_into_other_rows_are_shown_nowhere(world: World) {
        world.phone("+15550123").texts(FIRST).await;
        world.phone("+15550124").texts(SECOND).await;
        assert_eq!((shown(&world, "umbrella").await, shown(&world, "lantern").await), (1, 1));
        // The words of the first text, in the rows of all that came after it.
        let moved = world.damage(
            "UPDATE messages SET body_sealed = (SELECT body_sealed FROM messages ORDER BY id LIMIT 1)
              WHERE id <> (SELECT id FROM messages ORDER BY id LIMIT 1)"
        ).await;
        assert!(moved > 0);
        assert!(shown(&world, "umbrella").await <= 1);
        assert_eq!(shown(&world, "lantern").await, 0);
    }

    async fn the_key_of_one_texter_opens_nothing_of_another(world: World) {
        world.phone("+15550123").texts(FIRST).await;
        world.phone("+15550124").texts(SECOND).await;
        let moved = world.damage(
            "UPDATE texters SET wrapped_key = (SELECT wrapped_key FROM texters ORDER BY id LIMIT 1)
              WHERE id <> (SELECT id FROM texters ORDER BY id LIMIT 1)"
        ).await;
        assert_eq!(moved, 1);
        assert_eq!(shown(&world, "lantern").await, 0);
        assert_eq!(shown(&world, "umbrella").await, 1, "the other one is as it was");
    }
}
