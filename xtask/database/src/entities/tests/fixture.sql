-- A schema as projects have it: columns added by hand, names of every kind, and types of every kind.

ALTER TABLE tasks ADD COLUMN estimate interval, ADD COLUMN "Team Name" text;

CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY);
CREATE TYPE auth.role AS ENUM ('admin', 'guest');

CREATE TYPE mood AS ENUM ('happy', 'so so', '2nd best', '+');
CREATE TYPE "Size" AS ENUM ('S', 'M', 'XL');
CREATE TYPE mood_enum AS ENUM ('a');
CREATE TYPE value AS ENUM ('low', 'high');
CREATE TYPE case_matters AS ENUM ('a', 'A');
CREATE DOMAIN email AS varchar(200) CHECK (VALUE LIKE '%@%');
CREATE TYPE address AS (street text, city text);

CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email email NOT NULL UNIQUE,
    nick text UNIQUE,
    mood mood NOT NULL,
    past_moods mood[] NOT NULL DEFAULT '{}',
    size "Size",
    sizes "Size"[],
    other mood_enum,
    value value,
    initial case_matters,
    role auth.role,
    flag boolean,
    small smallint,
    number integer,
    score real,
    ratio double precision,
    amount numeric(8, 2),
    quantity numeric,
    code char(3),
    photo bytea,
    born date,
    wakes time,
    seen timestamp,
    joined timestamptz,
    shift timetz,
    pause interval,
    token uuid,
    meta jsonb,
    raw json,
    ip inet,
    net cidr,
    card macaddr,
    bits bit(3),
    awake tstzrange,
    names text[],
    codes varchar(5)[],
    numbers integer[],
    bigs bigint[],
    smalls smallint[],
    flags boolean[],
    floats real[],
    ratios double precision[],
    amounts numeric[],
    tokens uuid[],
    days date[],
    times time[],
    stamps timestamp[],
    moments timestamptz[],
    metas jsonb[],
    raws json[],
    blobs bytea[],
    ips inet[],
    pauses interval[],
    home address,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(nick, ''))) STORED,
    account uuid REFERENCES auth.users
);

CREATE TABLE "Order Lines" (
    "Order" integer,
    "line no" integer,
    "type" text UNIQUE,
    "Type" text,
    "self" text,
    "2fa" text,
    "größe" text,
    "say ""hi"" \ {x}" text,
    row integer,
    db integer,
    res integer,
    people text,
    buyer bigint REFERENCES people,
    seller bigint NOT NULL REFERENCES people ON UPDATE CASCADE ON DELETE RESTRICT,
    PRIMARY KEY ("Order", "line no"),
    CONSTRAINT "odd key" UNIQUE ("self", "2fa"),
    UNIQUE ("2fa", row)
);

CREATE TABLE "type" (
    id serial PRIMARY KEY,
    "Order" integer,
    "line no" integer,
    "parent" integer REFERENCES "type",
    "origin" integer REFERENCES "type",
    FOREIGN KEY ("Order", "line no") REFERENCES "Order Lines" ON DELETE CASCADE
);

CREATE TABLE "self" (id text PRIMARY KEY, person bigint UNIQUE REFERENCES people);
CREATE TABLE "mod" (id uuid PRIMARY KEY, "self" text REFERENCES "self" ON DELETE SET DEFAULT);
CREATE TABLE mood_days (mood mood, day date, note text, PRIMARY KEY (mood, day));
CREATE TABLE spans (span interval PRIMARY KEY, note text);

-- Each leads to the other.
CREATE TABLE hens (id integer PRIMARY KEY, egg integer);
CREATE TABLE eggs (id integer PRIMARY KEY, hen integer REFERENCES hens);
ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs;

-- The types differ, which PostgreSQL allows.
CREATE TABLE wide (id bigint PRIMARY KEY, hen bigint REFERENCES hens);

CREATE TABLE without_key (note text);
CREATE TABLE with_unique_key (code text NOT NULL UNIQUE, note text);
CREATE TABLE array_key (days date[] PRIMARY KEY);

CREATE TABLE events (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

CREATE VIEW happy_people AS SELECT id, nick FROM people WHERE mood = 'happy';
