//! Test pages: who was tested, by whom, and who answered.

use uuid::Uuid;

use super::tx::{later, on};
use super::{OutboxState, StoreError, Tx};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::oncall::{Channel, PageTest, TestAnswer};

#[derive(sqlx::FromRow)]
struct TestRow {
    id: Uuid,
    code: String,
    staff_id: Uuid,
    asked_by: Uuid,
    asked_at: At,
    answered_at: Option<At>,
    answered_how: Option<TestAnswer>,
}

impl From<TestRow> for PageTest {
    fn from(row: TestRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            staff_id: row.staff_id,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            answered: row.answered_at.zip(row.answered_how),
        }
    }
}

/// One page of a test, and how far it came.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TestedMethod {
    /// The test.
    pub test_id: Uuid,
    /// The contact method.
    pub method_id: Option<Uuid>,
    /// How it leaves.
    pub channel: Channel,
    /// How far it is.
    pub state: OutboxState,
    /// What the receiving side last said of it.
    pub delivery: Option<Delivery>,
}

impl Tx {
    /// Keeps a test page that goes out.
    pub async fn add_page_test(&mut self, test: &PageTest) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO page_tests (id, code, staff_id, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5)",
            test.id,
            &test.code,
            test.staff_id,
            test.asked_by,
            test.asked_at,
        );
        Ok(())
    }

    /// Notes that a page is one of a test.
    pub async fn page_is_of_test(&mut self, page: Uuid, test: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO tested_pages (page_id, test_id) VALUES ($1, $2)",
            page,
            test,
        );
        Ok(())
    }

    /// The latest tests, the last one first.
    pub async fn page_tests(&mut self, limit: u16) -> Result<Vec<PageTest>, StoreError> {
        let rows: Vec<TestRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, code, staff_id, asked_by, asked_at, answered_at, answered_how
               FROM page_tests ORDER BY id DESC LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().map(PageTest::from).collect())
    }

    /// One test.
    pub async fn page_test(&mut self, id: Uuid) -> Result<Option<PageTest>, StoreError> {
        let row: Option<TestRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, code, staff_id, asked_by, asked_at, answered_at, answered_how
               FROM page_tests WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        Ok(row.map(PageTest::from))
    }

    /// The test that a page belongs to, with the contact method that the page went to.
    pub async fn page_test_of_page(
        &mut self,
        page: Uuid,
    ) -> Result<Option<(PageTest, Option<Uuid>)>, StoreError> {
        let found: Option<(Uuid, Option<Uuid>)> = on!(self, |c| sqlx::query_as(
            "SELECT t.test_id, p.method_id FROM tested_pages t JOIN pages p ON p.id = t.page_id
              WHERE t.page_id = $1"
        )
        .bind(page)
        .fetch_optional(c)
        .await?);
        let Some((test, method)) = found else {
            return Ok(None);
        };
        Ok(self.page_test(test).await?.map(|test| (test, method)))
    }

    /// The last test of a person since a moment: the one with this code, or the last one of all.
    pub async fn page_test_sent(
        &mut self,
        staff: Uuid,
        code: Option<&str>,
        since: At,
    ) -> Result<Option<PageTest>, StoreError> {
        let row: Option<TestRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, code, staff_id, asked_by, asked_at, answered_at, answered_how
               FROM page_tests
              WHERE staff_id = $1 AND asked_at >= $2 AND code = COALESCE($3, code)
              ORDER BY id DESC LIMIT 1"
        )
        .bind(staff)
        .bind(since)
        .bind(code)
        .fetch_optional(c)
        .await?);
        Ok(row.map(PageTest::from))
    }

    /// The pages of these tests, and how far each came.
    pub async fn tested_methods(&mut self, since: At) -> Result<Vec<TestedMethod>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT t.test_id, p.method_id, o.channel, o.state, o.delivery
               FROM page_tests s
               JOIN tested_pages t ON t.test_id = s.id
               JOIN pages p ON p.id = t.page_id
               JOIN outbox o ON o.page_id = p.id
              WHERE s.asked_at >= $1 ORDER BY p.id"
        )
        .bind(since)
        .fetch_all(c)
        .await?))
    }

    /// Notes that a test was answered; the first answer stays. The method that it was answered on
    /// counts as tested each time.
    pub async fn answer_page_test(
        &mut self,
        test: Uuid,
        how: TestAnswer,
        method: Option<Uuid>,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE page_tests SET answered_at = $2, answered_how = $3
              WHERE id = $1 AND answered_at IS NULL",
            test,
            now,
            how,
        );
        if let Some(method) = method {
            self.method_tested(method, now).await?;
        }
        Ok(())
    }
}
