// emmett on PostgreSQL: `node peer.mjs TASKS TIMES POSTS.ndjson` with the database in PEER_DATABASE_URL. Prints one line of
// JSON: commands/s of new streams, and events/s of a projection that is rebuilt.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { CommandHandler } from "@event-driven-io/emmett";
import {
  getPostgreSQLEventStore,
  postgreSQLRawSQLProjection,
  rebuildPostgreSQLProjections,
} from "@event-driven-io/emmett-postgresql";
import { SQL } from "@event-driven-io/dumbo";

const connectionString = process.env.PEER_DATABASE_URL;
const [tasks, times] = process.argv.slice(2, 4).map(Number);
const posts = readFileSync(process.argv[4], "utf8").trim().split("\n").map((line) => JSON.parse(line));
const store = getPostgreSQLEventStore(connectionString);
await store.schema.migrate();

/** How many a second `tasks` do that each do their part of `list`, one after the other. */
async function rate(list, work) {
  const start = performance.now();
  const one = async (task) => {
    for (let index = task; index < list.length; index += tasks) await work(list[index]);
  };
  await Promise.all(Array.from({ length: tasks }, (_, task) => one(task)));
  return (list.length * 1000) / (performance.now() - start);
}

const handle = CommandHandler({ evolve: () => ({ created: true }), initialState: () => ({ created: false }) });
const create = ({ created }) => {
  if (created) throw new Error("is there already");
  const data = { owner: randomUUID(), name: "Rathaus Musterstadt", handle: "rathaus", at: "1970-01-01T00:00:00Z" };
  return { type: "StageCreated", data };
};
const append = await rate(Array(tasks * times).fill(), () => handle(store, `stage-${randomUUID()}`, create));

// One after the other: of events that were appended side by side its consumer leaves some out.
for (const { id, post } of posts) {
  await store.appendToStream(`post-${id}`, [{ type: "PostImported", data: { id, post } }]);
}
let evolved = 0;
const shown = postgreSQLRawSQLProjection({
  name: "shown",
  canHandle: ["PostImported"],
  evolve: ({ data: { id, post } }) => {
    evolved += 1;
    const content = JSON.stringify(post.content);
    return SQL`INSERT INTO shown (id, stage_id, content) VALUES (${id}, ${post.stage_id}, ${content}::jsonb)
        ON CONFLICT (id) DO UPDATE SET content = excluded.content`;
  },
  init: () => SQL`CREATE TABLE IF NOT EXISTS shown (id text PRIMARY KEY, stage_id text NOT NULL, content jsonb NOT NULL)`,
});
const start = performance.now();
const consumer = rebuildPostgreSQLProjections({ connectionString, projections: [shown] });
await consumer.start();
const rebuild = (posts.length * 1000) / (performance.now() - start);
if (evolved !== posts.length) throw new Error(`it rebuilt ${evolved} of ${posts.length}`);
await consumer.close();
await store.close();
console.log(JSON.stringify({ append, rebuild }));
