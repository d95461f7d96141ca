//! The proxies in front of the program take the files that are shipped for them, and lose no hook.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use harborline::gateway::client::loopback_client;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{placed, repository, tool};
use crate::support::binary::said;
use crate::support::faults::free_port;
use crate::support::require;
use crate::support::running::Running;
use crate::support::wait::until;
use crate::support::world::seconds;

/// What a hook carries, so that a proxy that loses it on the way to another replica is found.
const BODY: &str = "Body=MENU&From=%2B15005550006";

#[test]
fn the_caddy_of_debian_takes_its_file() {
    let file = repository().join("deploy/Caddyfile");
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let names = [
        ("LINE_HOST", "line.example.org"),
        ("UPSTREAMS", "127.0.0.1:9 127.0.0.1:10"),
        ("XDG_DATA_HOME", home),
        ("XDG_CONFIG_HOME", home),
    ];
    let arguments = [
        "validate",
        "--adapter",
        "caddyfile",
        "--config",
        file.to_str().unwrap(),
    ];
    if let Some(output) = tool("caddy", &arguments, &names) {
        assert!(output.status.success(), "{}", said(&output));
    }
}

#[tokio::test]
async fn behind_caddy_no_hook_is_lost_with_a_replica_and_no_link_is_logged() {
    let caddy = repository().join("tests/oracles/venv/bin/caddy");
    if !caddy.is_file() {
        return require::missing("oracles", "caddy of PyPI is not in tests/oracles/venv");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = placed(
        folder.path(),
        "deploy/Caddyfile",
        &[("admin 127.0.0.1:2019", "admin off")],
    );
    let replicas = [(); 2].map(|()| Replica::start());
    let front = format!("http://127.0.0.1:{}", free_port());
    let file = file.to_str().unwrap();
    let arguments = ["run", "--adapter", "caddyfile", "--config", file];
    let home = folder.path().to_str().unwrap();
    let upstreams = replicas
        .each_ref()
        .map(|one| one.address.to_string())
        .join(" ");
    let names = [
        ("LINE_HOST", front.as_str()),
        ("UPSTREAMS", &upstreams),
        ("XDG_DATA_HOME", home),
        ("XDG_CONFIG_HOME", home),
        ("HOME", home),
    ];
    let proxy = Running::start(folder.path(), caddy.to_str().unwrap(), &arguments, &names);
    keeps_its_word(&front, &proxy, replicas).await;
    // That it could not reach anybody is said, and nothing of who asked for what.
    proxy.says("http.log.error").await;
    assert!(!proxy.log().contains("\"request\""), "{}", proxy.log());
}

#[tokio::test]
async fn behind_nginx_no_hook_is_lost_with_a_replica_and_no_link_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(certificate) = certificate(folder.path()) else {
        return;
    };
    let replicas = [(); 2].map(|()| Replica::start());
    let front = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let main = nginx(folder.path(), front, &replicas, &certificate);
    let Some(output) = tool("nginx", &["-t", "-q", "-c", &main], &[]) else {
        return;
    };
    assert!(output.status.success(), "{}", said(&output));
    let arguments = ["-c", &main, "-g", "daemon off; master_process off;"];
    let proxy = Running::start(folder.path(), "/usr/sbin/nginx", &arguments, &[]);
    keeps_its_word(&format!("http://{front}"), &proxy, replicas).await;
    let errors = std::fs::read_to_string(at(folder.path(), "errors.log")).unwrap();
    assert_eq!(errors, "");
}

/// One of the two replicas behind a proxy goes: each hook is answered, by the other. When that is gone too, the proxy
/// says so, and keeps the link that was asked for to itself.
async fn keeps_its_word(front: &str, proxy: &Running, [first, second]: [Replica; 2]) {
    let client = loopback_client(seconds(20)).unwrap();
    let hook = || {
        client
            .post(format!("{front}/hooks/main/inbound"))
            .body(BODY)
            .send()
    };
    let ready = until(async || client.get(front).send().await.is_ok()).await;
    assert!(ready, "{}", proxy.log());
    first.stop();
    for nth in 0..40 {
        let answer = hook().await.unwrap();
        assert_eq!(answer.status(), 200, "hook {nth}: {}", proxy.log());
        assert_eq!(answer.text().await.unwrap(), BODY);
    }
    second.stop();
    let link = format!("{front}/invite/made-up-secret");
    let refused = until(async || {
        let answer = client.get(&link).send().await;
        answer.is_ok_and(|answer| matches!(answer.status().as_u16(), 502 | 503))
    });
    assert!(refused.await, "{}", proxy.log());
    assert!(!proxy.log().contains("made-up-secret"), "{}", proxy.log());
}

/// What stands behind the proxy: it answers a hook with what the hook carries. With its own runtime, so that no
/// connection of it outlives it.
struct Replica {
    address: SocketAddr,
    runtime: Runtime,
}

impl Replica {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Runtime::new().unwrap();
        let router = Router::new().fallback(async |body: Bytes| body);
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, runtime }
    }

    /// Stops it. When this returns all its connections are closed.
    fn stop(self) {
        let stopping = std::thread::spawn(|| self.runtime.shutdown_timeout(seconds(60)));
        stopping.join().unwrap();
    }
}

/// A key and a certificate for nginx; `None` (said loudly) when nobody can make them.
fn certificate(folder: &Path) -> Option<[String; 2]> {
    let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| at(folder, name));
    let make = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=line.example.org",
        "-keyout",
    ];
    let make = [&make[..], &[&key, "-out", &certificate]].concat();
    let done = tool("openssl", &make, &[])?;
    assert!(done.status.success(), "{}", said(&done));
    Some([key, certificate])
}

/// The whole configuration of an nginx with our file in it, which listens in clear, too.
fn nginx(
    folder: &Path,
    front: SocketAddr,
    replicas: &[Replica; 2],
    [key, certificate]: &[String; 2],
) -> String {
    let proxy = placed(folder, "deploy/nginx-proxy.conf", &[]);
    let clear = format!("listen 127.0.0.1:{};", free_port());
    let sealed = format!(
        "listen 127.0.0.1:{} ssl http2;\nlisten {front};",
        free_port()
    );
    let servers = replicas
        .each_ref()
        .map(|one| format!("server {} max_fails=1 fail_timeout=5s;", one.address))
        .join("\n");
    let replaced = [
        (
            "server 127.0.0.1:8080 max_fails=1 fail_timeout=5s;",
            servers.as_str(),
        ),
        ("/var/log/nginx/harborline.log", &at(folder, "errors.log")),
        ("listen 80;", &clear),
        ("listen [::]:80;", ""),
        ("listen 443 ssl http2;", &sealed),
        ("listen [::]:443 ssl http2;", ""),
        (
            "/etc/letsencrypt/live/line.example.org/fullchain.pem",
            certificate,
        ),
        ("/etc/letsencrypt/live/line.example.org/privkey.pem", key),
        ("/etc/nginx/harborline-proxy.conf", proxy.to_str().unwrap()),
    ];
    let site = placed(folder, "deploy/nginx.conf", &replaced);
    let whole = format!(
        "pid {pid};\nerror_log stderr;\nevents {{}}\nhttp {{\n{temporary}include {site};\n}}\n",
        pid = at(folder, "pid"),
        site = site.display(),
        temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", at(folder, kind)))
            .concat(),
    );
    let main = at(folder, "main.conf");
    std::fs::write(&main, whole).unwrap();
    main
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}
