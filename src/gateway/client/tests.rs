use axum::http::{HeaderMap, HeaderValue, Method};
use tokio::io::AsyncReadExt as _;
use wiremock::matchers::{body_string, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

async fn answer(url: String) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert("x-test", HeaderValue::from_static("1"));
    let body = b"Body=hi".to_vec();
    send(
        &http_client(super::LIMIT).unwrap(),
        ApiRequest {
            method: Method::POST,
            url,
            headers,
            body,
        },
    )
    .await
}

async fn answered_by(response: ResponseTemplate) -> (u16, Option<u64>, Vec<u8>) {
    let server = MockServer::start().await;
    let agent = concat!("harborline/", env!("CARGO_PKG_VERSION"));
    Mock::given(method("POST"))
        .and(header("x-test", "1"))
        .and(header("user-agent", agent))
        .and(body_string("Body=hi"))
        .respond_with(response)
        .expect(1)
        .mount(&server)
        .await;
    match answer(server.uri()).await {
        Answer::Answered {
            status,
            retry_after_s,
            body,
        } => (status, retry_after_s, body),
        _ => panic!("no answer"),
    }
}

#[tokio::test]
async fn an_answer_is_handed_on_with_its_status_and_its_wait() {
    let response = ResponseTemplate::new(429)
        .insert_header("retry-after", "7")
        .set_body_string("slow");
    assert_eq!(
        answered_by(response).await,
        (429, Some(7), b"slow".to_vec())
    );
    let dated =
        ResponseTemplate::new(503).insert_header("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT");
    assert_eq!(answered_by(dated).await, (503, None, Vec::new()));
}

#[tokio::test]
async fn a_gateway_that_only_says_when_it_counts_anew_is_heard_too() {
    let limited = |status| ResponseTemplate::new(status).insert_header("x-ratelimit-reset", "12");
    assert_eq!(answered_by(limited(429)).await.1, Some(12));
    assert_eq!(
        answered_by(limited(200)).await.1,
        None,
        "nothing was refused"
    );
    let both = limited(429).insert_header("retry-after", "3");
    assert_eq!(answered_by(both).await.1, Some(3));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = ResponseTemplate::new(307).insert_header("location", "http://127.0.0.1:1/");
    assert_eq!(answered_by(elsewhere).await.0, 307);
}

#[tokio::test]
async fn a_long_body_is_cut() {
    let long = ResponseTemplate::new(200).set_body_bytes(vec![b'a'; MAX_ANSWER + 1]);
    assert_eq!(answered_by(long).await.2.len(), MAX_ANSWER);
}

#[tokio::test]
async fn nothing_was_sent_where_nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    for url in [url, "not a url".to_owned(), String::new()] {
        let answer = answer(url).await;
        assert!(matches!(answer.as_result(), ApiResult::NotConnected));
    }
}

#[tokio::test]
async fn a_line_that_breaks_after_the_request_leaves_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 1024];
        assert!(stream.read(&mut read).await.unwrap() > 0);
    });
    let answer = answer(url).await;
    assert!(matches!(answer.as_result(), ApiResult::Unanswered));
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_off_keeps_its_status() {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 1024];
        assert!(stream.read(&mut read).await.unwrap() > 0);
        let response = b"HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\nhalf";
        stream.write_all(response).await.unwrap();
    });
    let answer = answer(url).await;
    assert!(matches!(
        answer.as_result(),
        ApiResult::Answered { status: 503, .. }
    ));
    server.await.unwrap();
}
