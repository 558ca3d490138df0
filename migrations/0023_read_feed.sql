CREATE SCHEMA read_feed;

CREATE TABLE read_feed.posts (
    id uuid PRIMARY KEY,
    stage_id uuid NOT NULL,
    source_id uuid NOT NULL,
    network text NOT NULL,
    content jsonb NOT NULL,
    -- Fixed by the first import, so that a post never moves under a reader who turns pages.
    sorted_at timestamptz NOT NULL,
    imported_at timestamptz NOT NULL,
    revised_at timestamptz,
    hidden boolean NOT NULL,
    pinned boolean NOT NULL,
    -- A person's own assignment: a list of topic ids. NULL leaves the post to the rules.
    own_topics jsonb,
    version bigint NOT NULL
);
CREATE INDEX posts_by_stage ON read_feed.posts (stage_id, sorted_at DESC, id DESC);
CREATE INDEX posts_visible ON read_feed.posts (stage_id, sorted_at DESC, id DESC) WHERE NOT hidden;
CREATE INDEX posts_visible_of_network ON read_feed.posts (stage_id, network, sorted_at DESC, id DESC) WHERE NOT hidden;
CREATE INDEX posts_pinned ON read_feed.posts (stage_id, sorted_at DESC, id DESC) WHERE pinned;
CREATE INDEX posts_by_source ON read_feed.posts (source_id);

-- Which topics a post belongs to, and why. What these rows say follows from the post and the stage's topics alone.
CREATE TABLE read_feed.assignments (
    post_id uuid NOT NULL,
    topic_id uuid NOT NULL,
    -- The post's, for turning the pages of one topic.
    sorted_at timestamptz NOT NULL,
    by_hand boolean NOT NULL,
    reasons jsonb NOT NULL,
    PRIMARY KEY (post_id, topic_id)
);
CREATE INDEX assignments_by_topic ON read_feed.assignments (topic_id, sorted_at DESC, post_id DESC);

CREATE TABLE read_feed.topics (
    id uuid PRIMARY KEY,
    -- Where in the log it was defined: the order of a stage's topics.
    position bigint NOT NULL,
    stage_id uuid NOT NULL,
    name text NOT NULL,
    rules jsonb NOT NULL
);
CREATE INDEX topics_by_stage ON read_feed.topics (stage_id, position);

-- Unlinked sources and closed stages: a post that arrives for one of them later isn't shown.
CREATE TABLE read_feed.gone (
    id uuid PRIMARY KEY
);
