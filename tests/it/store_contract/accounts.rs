//! The contract of accounts, what they are proved with, sessions, links and tries.

use harborline::locale::Locale;
use harborline::staff::Device;
use harborline::store::{Link, LinkKind, Member, NewLink, NewSession, Trier, Tries};

use super::*;

async fn member(tx: &mut Tx, login: &str, role: Role, hash: &str) -> Result<Uuid, StoreError> {
    let new = NewStaff {
        login,
        name: "Second",
        role,
        password_hash: hash,
    };
    Ok(tx.add_staff(&new, NOW).await?.unwrap())
}

fn session_of(staff_id: Uuid, token_hash: &[u8], code_due: bool) -> NewSession<'_> {
    NewSession {
        token_hash,
        staff_id,
        device: Device::Phone,
        code_due,
    }
}

both! {
    async fn a_session_ends_by_idling_by_age_and_by_signing_out(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "hash").await?;
            let id = tx.start_session(&session_of(staff, b"token", false), NOW).await?;
            let before = NOW.minus(seconds(1));
            let found = tx.session(b"token", before, before).await?.unwrap();
            assert_eq!((found.id, found.account.id, found.account.login.as_str()), (id, staff, "night"));
            assert_eq!((found.device, found.code_due, found.totp_at), (Device::Phone, false, None));
            assert_eq!([found.created_at, found.seen_at, found.confirmed_at], [NOW; 3]);
            tx.touch_session(id, staff, later(600)).await?;
            assert_eq!(tx.session(b"token", before, later(599)).await?.unwrap().seen_at, later(600));
            assert_eq!(tx.member(staff).await?.unwrap().seen_at, Some(later(600)));
            assert!(tx.session(b"token", before, later(600)).await?.is_none(), "idle for too long");
            assert!(tx.session(b"token", NOW, before).await?.is_none(), "too old, however busy");
            assert!(tx.session(b"other", before, before).await?.is_none());
            tx.confirm_session(id, later(700)).await?;
            assert_eq!(tx.session(b"token", before, before).await?.unwrap().confirmed_at, later(700));
            assert_eq!(tx.session(b"token", before, before).await?.unwrap().locale, None);
            for locale in [Some(Locale::Es), None] {
                tx.set_locale(staff, locale).await?;
                assert_eq!(tx.session(b"token", before, before).await?.unwrap().locale, locale);
            }
            tx.end_session(b"token").await?;
            assert!(tx.session(b"token", before, before).await?.is_none());
        });
    }

    async fn a_person_ends_their_own_sessions_and_nobody_elses(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "hash").await?;
            let other = member(tx, "late", Role::Responder, "hash").await?;
            let one = tx.start_session(&session_of(staff, b"1", false), NOW).await?;
            let two = tx.start_session(&session_of(staff, b"2", false), later(1)).await?;
            let due = tx.start_session(&session_of(staff, b"3", true), later(2)).await?;
            let theirs = tx.start_session(&session_of(other, b"4", false), NOW).await?;
            let before = NOW.minus(seconds(1));
            let ids = |sessions: Vec<harborline::store::Session>| sessions.iter().map(|s| s.id).collect::<Vec<_>>();
            assert_eq!(ids(tx.sessions_of(staff, before, before).await?), [two, one], "the last used first");
            assert!(tx.session(b"3", before, before).await?.unwrap().code_due);
            assert!(!tx.end_session_of(staff, theirs).await?);
            assert!(tx.end_session_of(staff, one).await?);
            assert!(!tx.end_session_of(staff, one).await?);
            tx.end_sessions(staff, Some(two)).await?;
            assert_eq!(ids(tx.sessions_of(staff, before, before).await?), [two]);
            assert!(!tx.end_session_of(staff, due).await?, "ended with the others");
            tx.end_sessions(staff, None).await?;
            assert!(ids(tx.sessions_of(staff, before, before).await?).is_empty());
            assert_eq!(ids(tx.sessions_of(other, before, before).await?), [theirs]);
            tx.drop_old_sessions(NOW.minus(seconds(1)), before).await?;
            assert_eq!(ids(tx.sessions_of(other, before, before).await?), [theirs]);
            tx.drop_old_sessions(NOW, before).await?;
            assert!(ids(tx.sessions_of(other, before, before).await?).is_empty());
        });
    }

    async fn who_is_locked_or_has_left_has_no_session_and_no_link(world: World) {
        unit!(world, |tx| {
            let before = NOW.minus(seconds(1));
            let staff = member(tx, "night", Role::Administrator, "hash").await?;
            tx.start_session(&session_of(staff, b"1", false), NOW).await?;
            let link = NewLink { token_hash: b"link", staff_id: staff, kind: LinkKind::Password, made_by: "operator", expires_at: later(60) };
            tx.add_link(&link, NOW).await?;
            assert_eq!(tx.administrators().await?, [staff]);
            tx.set_locked(staff, Some(later(1))).await?;
            assert!(tx.session(b"1", before, before).await?.is_none());
            assert!(tx.link(b"link", NOW).await?.is_none());
            assert!(tx.administrators().await?.is_empty());
            assert_eq!(tx.member(staff).await?.unwrap().locked_at, Some(later(1)));
            assert_eq!(tx.credentials(staff).await?.unwrap().locked_at, Some(later(1)));
            tx.set_locked(staff, None).await?;
            assert!(tx.session(b"1", before, before).await?.is_some());
            tx.keep_browser(b"browser", staff, NOW).await?;
            tx.propose_totp(staff, b"secret").await?;
            tx.confirm_totp(staff, 7, NOW).await?;
            tx.leave(staff, later(2)).await?;
            assert!(tx.session(b"1", before, before).await?.is_none());
            assert!(tx.link(b"link", NOW).await?.is_none());
            assert!(!tx.knows_browser(b"browser", staff, before).await?);
            assert!(tx.credentials(staff).await?.is_none());
            assert_eq!((tx.member(staff).await?, tx.members().await?), (None, vec![]));
            assert!(tx.staff_by_login("night").await?.is_none());
            assert_eq!(tx.staff_name(staff).await?.as_deref(), Some("Second"), "what they did keeps its name");
            assert_eq!(tx.bring_back("late", "Late", Role::Responder).await?, None);
            assert_eq!(tx.bring_back("night", "First", Role::Responder).await?, Some(staff));
            assert_eq!(tx.bring_back("night", "First", Role::Responder).await?, None, "they are there");
            let back = tx.member(staff).await?.unwrap();
            assert_eq!((back.account.name.as_str(), back.account.role), ("First", Role::Responder));
            assert_eq!((back.password_at, back.totp_at, back.locked_at), (None, None, None));
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM sessions").await, 0);
    }

    async fn members_are_listed_by_name_with_what_they_have_set_up(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Supervisor, "").await?;
            let found = tx.members().await?;
            let account = tx.staff_by_login("night").await?.unwrap();
            let expected = Member { account, password_at: None, totp_at: None, seen_at: None, locked_at: None };
            assert_eq!(found, [expected]);
            assert!(tx.credentials(staff).await?.unwrap().password_hash.is_none(), "invited");
            tx.set_password(staff, "hash", later(5)).await?;
            tx.set_role(staff, Role::Administrator).await?;
            let found = tx.member(staff).await?.unwrap();
            assert_eq!((found.password_at, found.account.role), (Some(later(5)), Role::Administrator));
            tx.rehash_password(staff, "another", "stronger").await?;
            assert_eq!(tx.credentials(staff).await?.unwrap().password_hash.as_deref(), Some("hash"));
            tx.rehash_password(staff, "hash", "stronger").await?;
            assert_eq!(tx.credentials(staff).await?.unwrap().password_hash.as_deref(), Some("stronger"));
            assert!(tx.member(Uuid::from_u128(1)).await?.is_none());
        });
    }

    async fn a_second_factor_counts_when_it_is_confirmed_and_no_step_counts_twice(world: World) {
        let staff = unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "hash").await?;
            tx.propose_totp(staff, b"first secret").await?;
            let kept = tx.credentials(staff).await?.unwrap();
            assert!(kept.totp.is_none());
            assert_eq!(kept.totp_next.unwrap().as_slice(), b"first secret");
            tx.confirm_totp(staff, 7, later(1)).await?;
            let kept = tx.credentials(staff).await?.unwrap();
            assert_eq!(kept.totp.unwrap().as_slice(), b"first secret");
            assert!(kept.totp_next.is_none());
            assert_eq!(tx.member(staff).await?.unwrap().totp_at, Some(later(1)));
            for (step, taken) in [(7, false), (6, false), (8, true), (8, false), (10, true), (9, false)] {
                assert_eq!(tx.use_totp_step(staff, step).await?, taken, "{step}");
            }
            tx.propose_totp(staff, b"second secret").await?;
            assert_eq!(tx.credentials(staff).await?.unwrap().totp.unwrap().as_slice(), b"first secret");
            staff
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM staff WHERE length(totp_sealed) > 40").await, 1, "sealed");
        unit!(world, |tx| {
            tx.set_recovery_codes(staff, &["aaaa".to_owned(), "bbbb".to_owned()]).await?;
            tx.drop_totp(staff).await?;
            let kept = tx.credentials(staff).await?.unwrap();
            assert!(kept.totp.is_none() && kept.totp_next.is_none());
            assert_eq!(tx.recovery_codes_left(staff).await?, 0);
        });
    }

    async fn a_recovery_code_works_once_and_for_its_owner_only(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "hash").await?;
            let other = member(tx, "late", Role::Responder, "hash").await?;
            tx.set_recovery_codes(staff, &["aaaa".to_owned(), "bbbb".to_owned()]).await?;
            tx.set_recovery_codes(other, &["aaaa".to_owned()]).await?;
            assert!(!tx.use_recovery_code(other, "bbbb", NOW).await?);
            assert!(tx.use_recovery_code(staff, "aaaa", NOW).await?);
            assert!(!tx.use_recovery_code(staff, "aaaa", NOW).await?);
            assert_eq!([tx.recovery_codes_left(staff).await?, tx.recovery_codes_left(other).await?], [1, 1]);
            tx.set_recovery_codes(staff, &["cccc".to_owned()]).await?;
            assert!(!tx.use_recovery_code(staff, "bbbb", NOW).await?, "replaced");
            assert!(tx.use_recovery_code(staff, "cccc", NOW).await?);
        });
    }

    async fn a_link_works_once_until_it_ends_or_is_replaced(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "").await?;
            let link = |token_hash, kind| NewLink { token_hash, staff_id: staff, kind, made_by: "operator", expires_at: later(60) };
            tx.add_link(&link(b"1", LinkKind::Invitation), NOW).await?;
            tx.add_link(&link(b"2", LinkKind::PasswordAndFactor), NOW).await?;
            assert!(tx.link(b"1", NOW).await?.is_none(), "replaced");
            let account = tx.staff_by_login("night").await?.unwrap();
            assert_eq!(tx.link(b"2", later(59)).await?, Some(Link { account, kind: LinkKind::PasswordAndFactor }));
            assert!(tx.link(b"2", later(60)).await?.is_none());
            tx.drop_old_links(later(59)).await?;
            assert!(tx.use_link(b"2").await?);
            assert!(!tx.use_link(b"2").await?);
            tx.add_link(&link(b"3", LinkKind::Password), NOW).await?;
            tx.drop_links(staff).await?;
            assert!(tx.link(b"3", NOW).await?.is_none());
            tx.add_link(&link(b"4", LinkKind::Password), NOW).await?;
            tx.drop_old_links(later(60)).await?;
            assert!(!tx.use_link(b"4").await?);
        });
    }

    async fn tries_are_counted_for_each_login_and_each_known_browser(world: World) {
        unit!(world, |tx| {
            let stranger = Trier::Stranger("night".to_owned());
            let known = Trier::Known(b"browser".to_vec(), "night".to_owned());
            assert_eq!(tx.tries(&stranger).await?, None);
            tx.count_try(&stranger, NOW).await?;
            tx.count_try(&stranger, later(1)).await?;
            tx.count_try(&known, NOW).await?;
            assert_eq!(tx.tries(&stranger).await?, Some(Tries { failures: 2, last_at: later(1) }));
            assert_eq!(tx.tries(&known).await?, Some(Tries { failures: 1, last_at: NOW }));
            assert_eq!(tx.tries(&Trier::Known(b"browser".to_vec(), "late".to_owned())).await?, None);
            tx.take_back_try(&stranger).await?;
            assert_eq!(tx.tries(&stranger).await?.unwrap().failures, 1);
            tx.forget_tries_before(NOW).await?;
            assert_eq!(tx.tries(&known).await?, None);
            tx.forget_tries(&stranger).await?;
            assert_eq!(tx.tries(&stranger).await?, None);
        });
    }

    async fn a_browser_is_known_to_those_who_signed_in_with_it(world: World) {
        unit!(world, |tx| {
            let staff = member(tx, "night", Role::Responder, "hash").await?;
            let other = member(tx, "late", Role::Responder, "hash").await?;
            let before = NOW.minus(seconds(1));
            tx.keep_browser(b"browser", staff, NOW).await?;
            assert!(tx.knows_browser(b"browser", staff, before).await?);
            assert!(!tx.knows_browser(b"browser", other, before).await?);
            assert!(!tx.knows_browser(b"browser", staff, NOW).await?, "long ago");
            tx.keep_browser(b"browser", staff, later(9)).await?;
            tx.drop_old_browsers(later(8)).await?;
            assert!(tx.knows_browser(b"browser", staff, NOW).await?);
            tx.drop_old_browsers(later(9)).await?;
            assert!(!tx.knows_browser(b"browser", staff, NOW).await?);
        });
    }
}
