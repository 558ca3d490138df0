use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::response::Response;
use moka::sync::Cache;

use super::{
    coding::Coding,
    page::{Caching, Draft, Of, Page},
    watch::Watch,
};
use crate::{answer::Reader, app::Inner, extract::Waited, problem::Problem};

/// Pages above this size are compressed off the threads that serve.
const LARGE: usize = 64 << 10;

/// The pages of this process.
pub(crate) struct Pages {
    kept: Cache<String, Arc<Page>>,
    watch: Arc<Watch>,
    /// One at a time renders a page.
    rendering: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Pages {
    /// Keeps about so many bytes.
    pub(crate) fn new(bytes: u64, watch: Arc<Watch>) -> Self {
        let kept = Cache::builder().max_capacity(bytes).weigher(|_: &String, page: &Arc<Page>| page.weight());
        Self { kept: kept.build(), watch, rendering: Mutex::default() }
    }

    /// A page that can be sent at once.
    pub(crate) fn hot(&self, key: &str, coding: Coding) -> Option<Arc<Page>> {
        let page = self.kept.get(key)?;
        let ready = self.watch.is_awake() && self.is_right(&page);
        (ready && page.is_prepared(coding) && !page.wants_counts()).then_some(page)
    }

    /// Answers with the page that was asked for; `render` makes it where it isn't there or isn't right any more.
    pub(crate) async fn answer<F>(
        &self,
        app: &Inner,
        reader: &Reader,
        waited: Waited,
        render: impl AsyncFnOnce() -> Result<F, Problem>,
    ) -> Result<Response, Problem>
    where
        F: Into<Draft>,
    {
        let page = match waited {
            Waited(true) => {
                let mut draft: Draft = render().await?.into();
                draft.caching = Caching::Ask;
                Arc::new(self.page(app, reader, draft, 0))
            }
            Waited(false) => self.page_of(app, reader, async || Ok(render().await?.into())).await?,
        };
        if !page.is_prepared(reader.coding) {
            compress(&page, reader.coding).await;
        }
        if !reader.head {
            app.count(page.viewed(), reader.viewer);
        }
        Ok(page.answer(reader.head, reader.coding, reader.tags.iter()))
    }

    async fn page_of(
        &self,
        app: &Inner,
        reader: &Reader,
        render: impl AsyncFnOnce() -> Result<Draft, Problem>,
    ) -> Result<Arc<Page>, Problem> {
        let key = reader.key.as_str();
        self.watch.awake().await?;
        if let Some(page) = self.right(key) {
            if !page.take_counts() {
                return Ok(page);
            }
            return Ok(match self.render(app, reader, render).await {
                Ok(new) => new,
                Err(_) => {
                    page.give_back_counts();
                    page
                }
            });
        }
        let turn = Turn::new(self, key);
        let _alone = turn.lock.lock().await;
        // Whoever was first may have rendered it, and waiting may have taken a while.
        self.watch.awake().await?;
        match self.right(key) {
            Some(page) => Ok(page),
            None => self.render(app, reader, render).await,
        }
    }

    async fn render(
        &self,
        app: &Inner,
        reader: &Reader,
        render: impl AsyncFnOnce() -> Result<Draft, Problem>,
    ) -> Result<Arc<Page>, Problem> {
        let since = self.watch.heard();
        let draft = render().await?;
        let page = Arc::new(self.page(app, reader, draft, since));
        self.kept.insert(reader.key.clone(), page.clone());
        Ok(page)
    }

    fn page(&self, app: &Inner, reader: &Reader, draft: Draft, since: u64) -> Page {
        let mark = self.watch.mark(match draft.of {
            Of::Stage(stage) => Some(stage),
            Of::Everything => None,
        });
        Page::new(draft, &reader.path, app.settings.secure_cookies, mark, since, reader.measured())
    }

    fn right(&self, key: &str) -> Option<Arc<Page>> {
        self.kept.get(key).filter(|page| self.is_right(page))
    }

    fn is_right(&self, page: &Page) -> bool {
        self.watch.is_right(&page.mark, page.since)
    }

    fn rendering(&self) -> MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<()>>>> {
        self.rendering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn compress(page: &Arc<Page>, coding: Coding) {
    if page.size() < LARGE {
        page.prepare(coding);
        return;
    }
    let page = page.clone();
    // When it panics, the page goes out as it is.
    let _ = tokio::task::spawn_blocking(move || page.prepare(coding)).await;
}

/// A place among those who wait for a page; the last one to leave tidies up.
struct Turn<'a> {
    pages: &'a Pages,
    key: &'a str,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Turn<'a> {
    fn new(pages: &'a Pages, key: &'a str) -> Self {
        let lock = pages.rendering().entry(key.to_owned()).or_default().clone();
        Self { pages, key, lock }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut rendering = self.pages.rendering();
        // Ours and the map's.
        if Arc::strong_count(&self.lock) <= 2 {
            rendering.remove(self.key);
        }
    }
}
