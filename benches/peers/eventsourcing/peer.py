"""eventsourcing on PostgreSQL: `python peer.py TASKS TIMES POSTS.ndjson` with the database in the POSTGRES_ variables.

Prints one line of JSON: commands/s of new streams, and events/s of a projection that is rebuilt.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

TASKS, TIMES = int(sys.argv[1]), int(sys.argv[2])


class Stage(Aggregate):
    class Created(Aggregate.Created):
        owner: str
        name: str
        handle: str

    def __init__(self, owner, name, handle):
        self.owner, self.name, self.handle = owner, name, handle


class Post(Aggregate):
    class Imported(Aggregate.Created):
        post_id: str
        post: dict

    def __init__(self, post_id, post):
        self.post_id, self.post = post_id, post


class Stages(Application):
    pass


class Shown(PostgresTrackingRecorder):
    """The view, with its checkpoint in the same transaction."""

    def __init__(self, datastore, **kwargs):
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS shown (id text PRIMARY KEY, stage_id text NOT NULL, content jsonb NOT NULL)")
        )

    def show(self, event, tracking):
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO shown VALUES (%s, %s, %s) ON CONFLICT (id) DO UPDATE SET content = excluded.content",
                (event.post_id, event.post["stage_id"], Jsonb(event.post["content"])),
                prepare=True,
            )


class Showing(Projection):
    name = "shown"
    topics = (get_topic(Post.Imported),)

    def process_event(self, domain_event, tracking):
        self.view.show(domain_event, tracking)


def rate(work, times):
    """How many a second TASKS threads do."""
    start = time.perf_counter()
    with ThreadPoolExecutor(TASKS) as pool:
        list(pool.map(work, times))
    return len(times) / (time.perf_counter() - start)


stages = Stages()
append = rate(lambda _: stages.save(Stage(str(uuid4()), "Rathaus Musterstadt", "rathaus")), range(TASKS * TIMES))

posts = [json.loads(line) for line in open(sys.argv[3], encoding="utf-8")]
rate(lambda post: stages.save(Post(post["id"], post["post"])), posts)
last = stages.recorder.max_notification_id()
start = time.perf_counter()
with ProjectionRunner(application_class=Stages, projection_class=Showing, view_class=Shown) as runner:
    runner.wait(last, timeout=600)
rebuild = len(posts) / (time.perf_counter() - start)
stages.close()
print(json.dumps({"append": append, "rebuild": rebuild}))
