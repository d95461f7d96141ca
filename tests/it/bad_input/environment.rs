//! Settings by variables that cannot work.

#[test]
fn an_environment_variable_that_cannot_work_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, value: &str| {
        let output = crate::support::binary::command(folder.path())
            .arg("serve")
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = run("HARBORLINE__LISTEN__ADRESS", "127.0.0.1:1");
    assert!(
        said.contains("HARBORLINE__LISTEN") && said.contains("adress"),
        "{said}"
    );
    let said = run("HARBORLINE__LISTEN", "127.0.0.1:1");
    assert!(said.contains("a section of keys"), "{said}");
    let said = run("HARBORLINE__LISTEN__ADDRESS", "nowhere");
    assert!(said.contains("HARBORLINE__LISTEN__ADDRESS"), "{said}");
    let said = run(
        "HARBORLINE__GATEWAYS__MAIN__AUTH_TOKEN_FILE",
        "no/such/file",
    );
    assert!(
        said.contains("AUTH_TOKEN_FILE") && said.contains("no/such/file"),
        "{said}"
    );
}

#[test]
fn a_setting_that_two_variables_make_is_refused_because_chance_would_decide() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "sqlite://other.db").unwrap();
    let output = crate::support::binary::command(folder.path())
        .arg("serve")
        .env("HARBORLINE__DATABASE__URL", "sqlite://one.db")
        .env("HARBORLINE__DATABASE__URL_FILE", "url")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("HARBORLINE__DATABASE__URL_FILE") && said.contains("one of the two"),
        "{said}"
    );
}

#[test]
fn a_setting_of_digits_in_the_environment_stays_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::support::binary::command(folder.path())
        .arg("serve")
        .env("HARBORLINE__GATEWAYS__MAIN__KIND", "twilio")
        .env("HARBORLINE__GATEWAYS__MAIN__SENDER", "+15550100")
        .env("HARBORLINE__GATEWAYS__MAIN__ACCOUNT_SID", "12345")
        .env("HARBORLINE__GATEWAYS__MAIN__AUTH_TOKEN", "67890")
        .env("HARBORLINE__LINE__FREE_TO_END_USER", "true")
        .env("HARBORLINE__ONCALL__REPAGE_S", "60")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Everything was read: what is missing is the only complaint.
    assert!(
        said.contains("public_url") && said.contains("missing"),
        "{said}"
    );
}
