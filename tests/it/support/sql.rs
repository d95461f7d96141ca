//! The database past the store, by SQL on either engine: what a test asserts about rows, and faults of
//! its making.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, FromRow, PgConnection, SqliteConnection};

/// Runs one statement on the database of a URL.
macro_rules! on {
    ($url:expr, |$c:ident| $body:expr) => {
        if is_sqlite($url) {
            let mut $c = SqliteConnection::connect($url).await.unwrap();
            $body
        } else {
            let mut $c = PgConnection::connect($url).await.unwrap();
            $body
        }
    };
}

/// Whether a URL leads to `SQLite`.
pub(crate) fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// Changes rows; how many.
pub(crate) async fn change(url: &str, sql: &'static str) -> u64 {
    on!(url, |c| {
        let done = sqlx::query(sql).execute(&mut c).await.unwrap();
        done.rows_affected()
    })
}

/// The rows of a query.
pub(crate) async fn rows<T>(url: &str, sql: &'static str) -> Vec<T>
where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    on!(url, |c| sqlx::query_as(sql)
        .fetch_all(&mut c)
        .await
        .unwrap())
}

/// The first column of the rows of a query.
pub(crate) async fn column<T>(url: &str, sql: &'static str) -> Vec<T>
where
    (T,): for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    T: Send + Unpin,
{
    let found: Vec<(T,)> = rows(url, sql).await;
    found.into_iter().map(|(value,)| value).collect()
}

/// What a query counts.
pub(crate) async fn count(url: &str, sql: &'static str) -> i64 {
    column::<i64>(url, sql).await[0]
}
