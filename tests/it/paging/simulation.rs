//! The paging engine over a real store, with two replicas: people who are silent, late or gone, gateways that
//! fail, a clock that jumps, restarts. A seed repeats a run. What is decided is simulated a hundred
//! thousand times in `oncall/simulation.rs`; here it is also written down, sent and raced for.

use std::collections::BTreeSet;
use std::time::Duration;

use harborline::app::App;
use harborline::clock::Clock;
use harborline::handoff::{Act, WrapUp};
use harborline::lane::Lane;
use harborline::oncall::{Alert, Rung, Target, Urgency};
use harborline::policies::PolicyDraft;
use harborline::store::Account;
use harborline::text::MessageBody;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::support::gateway::Fault;
use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{Engine, World, seeds};

const ROUNDS: usize = 45;
const TEXTERS: u32 = 4;
const PHONES: [&str; 2] = ["+15550171", "+15550172"];

struct Simulation {
    world: World,
    other: App,
    rng: StdRng,
    people: Vec<Account>,
}

impl Simulation {
    async fn new(engine: Engine, seed: u64) -> Option<Self> {
        let world = World::on(engine).await?;
        let mut people = Vec::new();
        for (name, number) in ["First", "Night"].into_iter().zip(PHONES) {
            people.push(world.a_person(name, number).await);
        }
        let other = world.another_app().await;
        let mut new = Self {
            world,
            other,
            rng: StdRng::seed_from_u64(seed),
            people,
        };
        new.the_policy_changes().await;
        Some(new)
    }

    async fn the_policy_changes(&mut self) {
        let [first, night] = [0, 1].map(|one: usize| Target::Person(self.people[one].id));
        let targets = [first, night, Target::Everyone, Target::Fallback];
        let rungs = (0..self.rng.random_range(1..4)).map(|_| Rung {
            delay: seconds(self.rng.random_range(15..60)),
            repeat: self.rng.random_range(1..3),
            targets: vec![*targets.choose(&mut self.rng).unwrap()],
        });
        let rungs: Vec<Rung> = rungs.collect();
        // More than one person is asked for only where there are more.
        let many = rungs.iter().any(|rung| rung.targets == [Target::Everyone]);
        let acks = if many { self.rng.random_range(1..3) } else { 1 };
        let draft = PolicyDraft {
            id: None,
            rungs,
            acks,
            name: format!("Policy {}", self.rng.random::<u64>()),
        };
        let urgencies = [Urgency::High, Urgency::Imminent];
        let urgency = *urgencies.choose(&mut self.rng).unwrap();
        let (policies, by) = (&self.world.app.policies, &self.people[0]);
        let id = policies.save(by, draft).await.unwrap().unwrap();
        policies
            .assign(by, urgency, Some(id))
            .await
            .unwrap()
            .unwrap();
    }

    fn a_texter(&mut self) -> String {
        format!("+1555030{:04}", self.rng.random_range(0..TEXTERS))
    }

    async fn happens(&mut self) {
        let mut went_back = false;
        match self.rng.random_range(0..16) {
            0..=3 => {
                let number = self.a_texter();
                let words = [
                    "i want to die",
                    "im so alone",
                    "HUMAN",
                    "hello",
                    "STOP",
                    "START",
                    "yes",
                ];
                let words = *words.choose(&mut self.rng).unwrap();
                let sid = self.world.new_sid();
                let _ = self.world.phone(&number).delivers(&sid, words).await;
            }
            4..=6 => self.somebody_takes_a_case().await,
            7 | 8 => self.somebody_acts().await,
            9 => {
                let faults = [Fault::ServerError, Fault::TooMany(5), Fault::Garbage];
                let count = self.rng.random_range(1..12);
                let next: Vec<Fault> = (0..count)
                    .map(|_| *faults.choose(&mut self.rng).unwrap())
                    .collect();
                self.world.twilio.fail_next(&next);
            }
            10 => self.the_policy_changes().await,
            11 => {
                // Killed between two ticks, and started again.
                self.world.restart().await;
                self.other = self.world.another_app().await;
            }
            12 if self.rng.random_range(0..3) == 0 => {
                // No moment comes twice: a page is known by its time.
                let by = minutes(50) + Duration::from_millis(self.rng.random_range(1..1_000));
                self.world.clock.go_back(by);
                went_back = true;
            }

            _ => {}
        }
        let by = seconds(self.rng.random_range(1..40));
        self.world.clock.advance(by);
        self.work().await;
        self.holds(went_back).await;
    }

    async fn open_alerts(&self) -> Vec<Alert> {
        let mut tx = self.world.app.store.read().await.unwrap();
        tx.open_alerts().await.unwrap()
    }

    async fn somebody_takes_a_case(&mut self) {
        let alerts = self.open_alerts().await;
        let Some(alert) = alerts.choose(&mut self.rng) else {
            return;
        };
        let phones = [PHONES[0], PHONES[1], DUTY, SECOND];
        let phone = *phones.choose(&mut self.rng).unwrap();
        let sid = self.world.new_sid();
        let _ = self.world.phone(phone).delivers(&sid, &alert.code).await;
    }

    async fn somebody_acts(&mut self) {
        let alerts = self.open_alerts().await;
        let Some(alert) = alerts.choose(&mut self.rng) else {
            return;
        };
        let acts = [
            Act::Claim,
            Act::Write(MessageBody::new("I am here with you.")),
            Act::WrapUp(WrapUp::with("talked")),
        ];
        let act = acts.choose(&mut self.rng).unwrap().clone();
        let who = self.people.choose(&mut self.rng).unwrap();
        let _ = self
            .world
            .app
            .handoff
            .act(who, alert.conversation_id, act)
            .await
            .unwrap();
    }

    /// Both replicas work at the same time until nothing is due.
    async fn work(&mut self) {
        loop {
            let (ours, theirs) = (&self.world.app, &self.other);
            let (a, b) = tokio::join!(ours.paging.tick(), theirs.paging.tick());
            let mut done = a.unwrap() + b.unwrap();
            done += ours.handoff.tick().await.unwrap();
            for lane in Lane::ALL {
                let work = async {
                    tokio::join!(ours.dispatch.run_once(lane), theirs.dispatch.run_once(lane))
                };
                let (a, b) = work.await;
                done += a.unwrap() + b.unwrap();
            }
            if done == 0 {
                return;
            }
        }
    }

    async fn holds(&self, went_back: bool) {
        let now = self.world.clock.now();
        let open = self.open_alerts().await;
        for alert in open {
            match alert.next_page_at {
                Some(due) => assert!(due > now, "it is late at {now:?}: {alert:?}"),
                None => assert!(
                    alert.answered_at.is_some() && alert.acknowledged.is_some(),
                    "forgotten: {alert:?}"
                ),
            }
        }
        let after_its_end = self
            .world
            .count(
                "SELECT COUNT(*) FROM pages p JOIN alerts a ON a.id = p.alert_id
                  WHERE p.kind = 'page' AND a.closed_at IS NOT NULL AND p.at > a.closed_at",
            )
            .await;
        assert_eq!(after_its_end, 0, "paged for a case that is over");
        let waiting = self
            .world
            .count(
                "SELECT COUNT(*) FROM outbox o JOIN pages p ON p.id = o.page_id
                   JOIN alerts a ON a.id = p.alert_id
                  WHERE p.kind = 'page' AND a.closed_at IS NOT NULL AND o.done_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM paged_cases c WHERE c.page_id = p.id AND c.alert_id <> a.id)",
            )
            .await;
        assert_eq!(waiting, 0, "a page of a case that is over waits to leave");
        // After a clock went back each replica pages once: too often rather than not.
        if !went_back {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM pages p
                    WHERE p.kind = 'page' AND p.alert_id IS NOT NULL AND p.at = {}
                    GROUP BY p.alert_id, p.contact, p.method_id HAVING COUNT(*) > 1) t",
                now.0
            );
            let twice = self.world.count(sql.leak()).await;
            assert_eq!(twice, 0, "two replicas paged for one round");
        }
    }

    /// Nobody answers any more, and the gateway is well: every open crisis reaches all hands, and no page is
    /// left behind.
    async fn ends(&mut self) {
        self.world.twilio.calm();
        let since = self.world.twilio.sent().len();
        // Longer than any lease.
        for _ in 0..150 {
            self.world.clock.advance(seconds(30));
            self.work().await;
        }
        self.holds(false).await;
        let open = self.open_alerts().await;
        let sent = self.world.twilio.sent().split_off(since);
        let reached: BTreeSet<&str> = sent.iter().map(|text| text.to.as_str()).collect();
        let crises = open.iter().filter(|alert| alert.urgency().is_crisis());
        for alert in crises.filter(|alert| alert.acknowledged.is_none()) {
            let mut tx = self.world.app.store.read().await.unwrap();
            let there = tx.acknowledgements(alert.id).await.unwrap();
            drop(tx);
            let names = ["First", "Night", "Duty phone", "Second phone"];
            for (number, name) in [PHONES[0], PHONES[1], DUTY, SECOND].into_iter().zip(names) {
                if there.iter().any(|one| one.name == name) {
                    continue;
                }
                let by_code = sent
                    .iter()
                    .any(|text| text.to == number && text.body.contains(&alert.code));
                let counted = sent
                    .iter()
                    .any(|text| text.to == number && text.body.contains("cases wait"));
                assert!(
                    by_code || counted,
                    "{number} did not hear of {alert:?}; reached {reached:?}"
                );
            }
        }
        let lost = self
            .world
            .count(
                "SELECT COUNT(*) FROM pages p LEFT JOIN outbox o ON o.page_id = p.id
                  WHERE o.id IS NULL OR (o.done_at IS NULL AND o.due_at + 60000 <
                        (SELECT MAX(at) FROM pages)) OR o.state NOT IN ('queued', 'accepted', 'withdrawn')",
            )
            .await;
        assert_eq!(lost, 0, "a page was lost");
    }
}

async fn run(engine: Engine, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let Some(mut simulation) = Simulation::new(engine, seed).await else {
            return;
        };
        for _ in 0..ROUNDS {
            simulation.happens().await;
        }
        simulation.ends().await;
    }
}

#[tokio::test]
async fn whatever_happens_every_case_goes_on_and_every_page_leaves_sqlite() {
    run(Engine::Sqlite, 0..seeds(6)).await;
}

#[tokio::test]
async fn whatever_happens_every_case_goes_on_and_every_page_leaves_postgres() {
    run(Engine::Postgres, 101..101 + seeds(2)).await;
}
