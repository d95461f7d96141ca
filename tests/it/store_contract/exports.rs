//! What is read to be handed out.

use harborline::store::{After, Cell, Exported, Opened, Scope, TABLES, Table, With};

use super::*;

fn table(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap()
}

fn cell<'a>(table: &Table, row: &'a Exported, name: &str) -> &'a Cell {
    let at = table.columns.iter().position(|column| column.name == name);
    &row.cells[at.unwrap()]
}

both! {
    async fn every_table_can_be_read_whole_and_of_one_texter(world: World) {
        world.phone(NUMBER).texts("i want to die").await;
        let mut tx = world.app.store.snapshot().await.unwrap();
        let texters = table("texters");
        let rows = tx.exported(texters, Scope::Line, With::default(), &After::default(), 10).await.unwrap();
        let Cell::Id(texter) = cell(texters, &rows[0], "id") else { panic!("no id") };
        for table in TABLES {
            for scope in [Scope::Line, Scope::Texter(*texter), Scope::Conversation(*texter)] {
                let count = tx.exported_count(table, scope).await.unwrap();
                let rows = tx.exported(table, scope, With::ALL, &After::default(), 1000).await.unwrap();
                assert_eq!(rows.len(), usize::try_from(count).unwrap(), "{} {scope:?}", table.name);
                if let Some(first) = rows.first() {
                    let rest = tx.exported(table, scope, With::ALL, &first.after(), 1000).await.unwrap();
                    assert_eq!(rest.len() + 1, rows.len(), "{} after its first row", table.name);
                }
            }
        }
    }

    async fn rows_come_once_each_in_the_order_of_their_keys_however_many_are_read_at_once(world: World) {
        world.damage("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
            INSERT INTO shadow_counts (rule, day, hits) SELECT CASE WHEN i > 25 THEN 'b' ELSE 'a' END, i, i FROM n").await;
        let counts = table("shadow_counts");
        let mut tx = view!(world);
        let (mut after, mut seen) = (After::default(), Vec::new());
        loop {
            let rows = tx.exported(counts, Scope::Line, With::default(), &after, 7).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = last.after();
            for row in &rows {
                let (Cell::Words(rule), Cell::Number(day)) = (cell(counts, row, "rule"), cell(counts, row, "day")) else {
                    panic!("another kind of cell");
                };
                seen.push((rule.clone(), *day));
            }
        }
        assert_eq!(seen.len(), 50);
        assert!(seen.is_sorted());
    }

    async fn what_is_sealed_is_opened_on_demand_and_says_what_became_of_it(world: World) {
        world.phone(NUMBER).texts("hello there").await;
        let messages = table("messages");
        let read = async |with| {
            let mut tx = view!(world);
            let rows = tx.exported(messages, Scope::Line, with, &After::default(), 10).await.unwrap();
            let Cell::Opened(value, how) = cell(messages, &rows[0], "body").clone() else { panic!("it is not sealed") };
            (value, how)
        };
        assert_eq!(read(With::ALL).await, ("hello there".into(), Opened::Kept));
        let numbers = With { numbers: true, bodies: false };
        assert_eq!(read(numbers).await, (serde_json::Value::Null, Opened::LeftOut));
        world.damage("UPDATE texters SET wrapped_key = number_sealed").await;
        assert_eq!(read(With::ALL).await.1, Opened::Unreadable, "and the export goes on");
        if world.config.database.url.starts_with("sqlite") {
            world.damage("UPDATE messages SET body_sealed = x''").await;
        } else {
            world.damage("UPDATE messages SET body_sealed = ''").await;
        }
        assert_eq!(read(With::default()).await.1, Opened::Removed);
        world.damage("UPDATE texters SET erased_at = 1").await;
        assert_eq!(read(With::ALL).await.1, Opened::Erased);
    }
}
