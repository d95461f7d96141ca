//! Alert rules and dashboard: every metric that they name exists, Prometheus' own tool takes the rules, and
//! they alarm when they should.

use std::collections::BTreeSet;

use harborline::meter::{Kind, SERIES};
use regex::Regex;
use serde_json::Value;

use super::{read, repository, said, tool};

/// The names that Prometheus makes of the series.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for series in SERIES {
        match series.kind {
            Kind::Histogram(_) => names
                .extend(["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", series.name))),
            Kind::Counter | Kind::Gauge => {
                names.insert(series.name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_metric_that_rules_and_dashboard_name_exists() {
    let known = names();
    let name = Regex::new("harborline_[a-z_]+").unwrap();
    for file in ["deploy/alerts.yml", "deploy/grafana.json"] {
        let text = read(file);
        let named: BTreeSet<&str> = name
            .find_iter(&text)
            .map(|found| &text[found.range()])
            .collect();
        assert!(named.len() > 10, "{file}");
        for name in named {
            assert!(
                known.contains(name),
                "{file} names {name}, which there is not"
            );
        }
    }
}

#[test]
fn every_series_is_on_a_panel() {
    let dashboard = read("deploy/grafana.json");
    for series in SERIES {
        assert!(dashboard.contains(series.name), "{}", series.name);
    }
}

#[test]
fn the_dashboard_shows_what_the_rules_watch_and_says_what_each_panel_is() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        assert!(ids.insert(panel["id"].as_i64().unwrap()), "{panel}");
        let place = (
            panel["gridPos"]["x"].as_i64(),
            panel["gridPos"]["y"].as_i64(),
        );
        assert!(places.insert(place), "two panels at {place:?}");
        if panel["type"] != "row" {
            assert!(
                !panel["description"].as_str().unwrap().is_empty(),
                "{}",
                panel["title"]
            );
            assert!(
                !panel["targets"].as_array().unwrap().is_empty(),
                "{}",
                panel["title"]
            );
        }
    }
    let (rules, shown) = (read("deploy/alerts.yml"), dashboard.to_string());
    let name = Regex::new("harborline_[a-z_]+").unwrap();
    for watched in name.find_iter(&rules) {
        assert!(
            shown.contains(watched.as_str()),
            "{} is on no panel",
            watched.as_str()
        );
    }
}

#[test]
fn promtool_takes_the_rules_and_they_alarm_when_they_should() {
    let rules = repository().join("deploy/alerts.yml");
    let Some(checked) = tool(
        "promtool",
        &["check", "rules", rules.to_str().unwrap()],
        &[],
    ) else {
        return;
    };
    assert!(checked.status.success(), "{}", said(&checked));
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("alerts.test.yml");
    std::fs::copy(&rules, folder.path().join("alerts.yml")).unwrap();
    std::fs::copy(
        repository().join("tests/it/deployment/alerts.test.yml"),
        &tests,
    )
    .unwrap();
    let tested = tool("promtool", &["test", "rules", tests.to_str().unwrap()], &[]).unwrap();
    assert!(tested.status.success(), "{}", said(&tested));
}
