//! Dispatch under everything at once: random outcomes, receipts in any order and number, crashes between
//! a send and what is kept of it, two replicas. A seed repeats a run.

use std::collections::{BTreeMap, BTreeSet};

use harborline::app::App;
use harborline::lane::Lane;
use harborline::phone::PhoneNumber;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::support::gateway::{FakeTwilio, Fault, Sent};
use crate::support::world::{PUBLIC_URL, receipt_path, seconds};
use crate::support::{Engine, World, seeds, sql};

const TEXTERS: u32 = 8;
const ROUNDS: usize = 40;

struct Simulation {
    world: World,
    replicas: [App; 2],
    rng: StdRng,
    /// The receipts that still come.
    receipts: Vec<(Sent, &'static str)>,
    /// How many texts of each provider were seen.
    seen: [usize; 2],
    /// The texters that a carrier blocks.
    blocked: BTreeSet<String>,
    /// The rows that nobody settled, because the replicas died.
    unsettled: BTreeSet<Uuid>,
    /// The rows that were tried after their texter's block was known.
    tried_in_vain: Vec<Uuid>,
    /// Of which rows bad news came.
    bad_news: BTreeSet<Uuid>,
    /// Of which rows nothing but good news had come, and what each provider had taken by then.
    good_news: BTreeMap<Uuid, [usize; 2]>,
}

/// An outbox row as it ended.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    lane: String,
    state: String,
    code: Option<String>,
    done_at: Option<i64>,
    lease_until: Option<i64>,
}

impl Simulation {
    async fn new(engine: Engine, seed: u64) -> Option<Self> {
        let world = World::with_a_second_gateway(engine).await?;
        let replicas = [world.app.clone(), world.another_app().await];
        Some(Self {
            world,
            replicas,
            rng: StdRng::seed_from_u64(seed),
            receipts: Vec::new(),
            seen: [0, 0],
            blocked: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            tried_in_vain: Vec::new(),
            bad_news: BTreeSet::new(),
            good_news: BTreeMap::new(),
        })
    }

    fn providers(&self) -> [&FakeTwilio; 2] {
        [&self.world.twilio, self.world.second()]
    }

    fn a_number(&mut self) -> String {
        format!("+1555030{:04}", self.rng.random_range(0..TEXTERS))
    }

    /// Something happens, and the replicas work.
    async fn happens(&mut self) {
        match self.rng.random_range(0..12) {
            0..=4 => self.somebody_texts().await,
            5 => self.a_provider_fails(),
            6 if self.blocked.len() < 2 => self.a_carrier_blocks(),
            7..=9 => self.receipts_come().await,
            _ => self
                .world
                .clock
                .advance(seconds(self.rng.random_range(1..40))),
        }
        self.work().await;
    }

    async fn somebody_texts(&mut self) {
        let number = self.a_number();
        let words = ["HELP", "menu", "i want to die", "im so alone", "12"];
        let words = *words.choose(&mut self.rng).unwrap();
        let sid = self.world.new_sid();
        let fields = [
            ("MessageSid", sid.as_str()),
            ("From", number.as_str()),
            ("Body", words),
        ];
        let (status, twiml) = self.world.hook("/hooks/main/inbound", &fields).await;
        assert_eq!(status, 200);
        if let Some(path) = receipt_path(&twiml) {
            // The carrier's word on the inline reply, too, may be any, or none.
            self.will_be_told(&Sent {
                sid: sid.replace("SM", "SMreply"),
                to: number,
                body: String::new(),
                status_callback: format!("{PUBLIC_URL}{path}"),
                fault: None,
            });
        }
    }

    /// A crash is a fault of ours at the worst time: the provider has the text, nobody keeps that.
    fn a_provider_fails(&mut self) {
        let faults = [
            Fault::ServerError,
            Fault::TooMany(3),
            Fault::Garbage,
            Fault::Unauthorized,
            Fault::NoSuchNumber,
            Fault::Crash,
        ];
        let count = self.rng.random_range(1..5);
        let next: Vec<Fault> = (0..count)
            .map(|_| *faults.choose(&mut self.rng).unwrap())
            .collect();
        let which = self.rng.random_range(0..2);
        self.providers()[which].fail_next(&next);
    }

    fn a_carrier_blocks(&mut self) {
        let number = self.a_number();
        for provider in self.providers() {
            provider.block(&number);
        }
        self.blocked.insert(number);
    }

    /// Both replicas work until nothing is due; they die together, and are back at once.
    async fn work(&mut self) {
        let known = self.known_blocks().await;
        let so_far = self.providers().map(|provider| provider.tries().len());
        loop {
            let (mut lanes, mut done) = (Lane::ALL, 0);
            lanes.shuffle(&mut self.rng);
            for lane in lanes {
                let [a, b] = &self.replicas;
                let work =
                    async { tokio::join!(a.dispatch.run_once(lane), b.dispatch.run_once(lane)) };
                let [first, second] = self.providers();
                let sent = tokio::select! {
                    (a, b) = work => Some(a.unwrap() + b.unwrap()),
                    () = first.crashed() => None,
                    () = second.crashed() => None,
                };
                if sent.is_none() {
                    let leased = rows(&self.world).await.into_iter();
                    let leased =
                        leased.filter(|row| row.done_at.is_none() && row.lease_until.is_some());
                    self.unsettled.extend(leased.map(|row| row.id));
                }
                done += sent.unwrap_or(1);
            }
            if done == 0 {
                break;
            }
        }
        let mut in_vain = Vec::new();
        for (provider, before) in self.providers().into_iter().zip(so_far) {
            let tries = provider.tries().split_off(before);
            let blocked = tries.iter().filter(|(number, _)| known.contains(number));
            in_vain.extend(blocked.map(|(_, url)| row_of(url)));
        }
        self.tried_in_vain.extend(in_vain);
        self.carriers_work();
    }

    /// The texters of whom the line knows that they are blocked.
    async fn known_blocks(&self) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        for number in &self.blocked {
            let phone = PhoneNumber::of_sender(number);
            let now = harborline::clock::Clock::now(&self.world.clock);
            let since = self.world.app.store.write(move |tx| {
                let phone = phone.clone();
                Box::pin(async move {
                    let fresh = harborline::conversation::State::default();
                    let texter = tx.texter(&phone, &fresh, now).await?;
                    tx.blocked_since(texter.id).await
                })
            });
            if since.await.unwrap().is_some() {
                known.insert(number.clone());
            }
        }
        known
    }

    /// For each text that was taken, receipts are on their way: some twice, some never.
    fn carriers_work(&mut self) {
        for (place, sent) in self.providers().map(FakeTwilio::sent).iter().enumerate() {
            for text in &sent[self.seen[place]..] {
                self.will_be_told(text);
            }
            self.seen[place] = sent.len();
        }
    }

    fn will_be_told(&mut self, text: &Sent) {
        let statuses: &[&str] = match self.rng.random_range(0..10) {
            0..=4 => &["sent", "delivered"],
            5 => &["delivered", "delivered", "sent"],
            6 => &["sent", "undelivered", "undelivered"],
            7 => &["failed", "sent", "failed"],
            _ => &[],
        };
        let coming = statuses.iter().map(|status| (text.clone(), *status));
        self.receipts.extend(coming);
    }

    async fn receipts_come(&mut self) {
        self.receipts.shuffle(&mut self.rng);
        let count = self.receipts.len().min(5);
        for (sent, status) in self.receipts.drain(..count).collect::<Vec<_>>() {
            let path = sent.status_callback.strip_prefix(PUBLIC_URL);
            let failed = matches!(status, "undelivered" | "failed");
            let fields = [
                ("MessageSid", sent.sid.as_str()),
                ("MessageStatus", status),
                ("ErrorCode", if failed { "30008" } else { "0" }),
            ];
            assert_eq!(self.world.hook(path.unwrap(), &fields).await.0, 200);
            let row = row_of(&sent.status_callback);
            if failed {
                self.bad_news.insert(row);
            } else if !self.bad_news.contains(&row) {
                let taken = self.providers().map(|provider| provider.sent().len());
                self.good_news.entry(row).or_insert(taken);
            }
        }
    }

    /// The storm is over: what is left comes to its end.
    async fn ends(&mut self) {
        for provider in self.providers() {
            provider.calm();
        }
        while !self.receipts.is_empty() {
            self.receipts_come().await;
            self.work().await;
        }
        for _ in 0..30 {
            self.world.clock.advance(seconds(30));
            self.work().await;
        }
    }

    async fn holds(&self, seed: u64) {
        let rows = rows(&self.world).await;
        let taken = self.providers().map(FakeTwilio::sent);
        for row in &rows {
            let copies = |place: usize, from: usize| {
                let later = taken[place].iter().skip(from);
                later.filter(|sent| row_of(&sent.status_callback) == row.id)
            };
            let all: Vec<&Sent> = copies(0, 0).chain(copies(1, 0)).collect();
            let faults: Vec<_> = all.iter().map(|sent| sent.fault).collect();
            let what = format!("seed {seed}: {row:?}, taken {faults:?}");
            assert!(row.done_at.is_some(), "it comes to an end: {what}");
            // Not a number, blocked, or taken back because more words came, which got the one answer.
            let refused = matches!(
                (row.state.as_str(), row.code.as_deref()),
                ("failed", Some("21211")) | ("opted_out" | "withdrawn", _)
            );
            if matches!(row.lane.as_str(), "crisis" | "page") {
                // The inline reply may have been enough, if the carrier said so and nothing else since.
                let inline = self.good_news.contains_key(&row.id) && row.state == "accepted";
                assert!(
                    !all.is_empty() || refused || inline,
                    "at least once: {what}"
                );
                continue;
            }
            let sure = faults.iter().filter(|fault| fault.is_none()).count();
            let at_most_once = sure <= 1 || self.unsettled.contains(&row.id);
            assert!(at_most_once, "at most once: {what}");
            if let Some(by_then) = self.good_news.get(&row.id) {
                let after = copies(0, by_then[0]).chain(copies(1, by_then[1]));
                assert_eq!(after.count(), 0, "not after its receipt: {what}");
            }
        }
        for id in &self.tried_in_vain {
            let row = rows.iter().find(|row| row.id == *id).unwrap();
            assert_eq!(row.lane, "crisis", "seed {seed}: {row:?}");
        }
    }
}

async fn rows(world: &World) -> Vec<Row> {
    let all = "SELECT id, lane, state, code, done_at, lease_until FROM outbox";
    sql::rows(&world.config.database.url, all).await
}

fn row_of(status_callback: &str) -> Uuid {
    let (_, id) = status_callback.split_once("ref=").unwrap();
    Uuid::try_parse(id).unwrap()
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
        simulation.holds(seed).await;
        let happened = simulation
            .providers()
            .map(|provider| provider.tries().len());
        assert!(happened[0] > 10, "seed {seed}: {happened:?}");
    }
}

#[tokio::test]
async fn whatever_happens_each_text_ends_as_its_lane_promises_sqlite() {
    run(Engine::Sqlite, 0..seeds(6)).await;
}

#[tokio::test]
async fn whatever_happens_each_text_ends_as_its_lane_promises_postgres() {
    run(Engine::Postgres, 101..101 + seeds(2)).await;
}
