-- Copies of assets on nodes know how far they have come, what is wrong and when they were last
-- played; and anyone may ask for a new copy of one.

alter table media_copies
  add column state text not null default 'ready'
    check (state in ('pending', 'staging', 'ready', 'error')),
  add column done bigint not null default 0,
  add column due_at timestamptz,
  add column eta_at timestamptz,
  add column error text not null default '',
  add column used_at timestamptz;
update media_copies set done = size, used_at = seen_at;

alter table lineup_assets add column note text;

-- What was found in a file by looking into all of it; by content, so once whatever the nodes.
create table media_findings (
  stored text primary key,
  document jsonb not null,
  found_at timestamptz not null default now()
);
insert into changes (what) values ('media_findings');

create table media_requests (
  id bigint generated always as identity primary key,
  asset text not null,
  node text not null,
  who text not null,
  asked_at timestamptz not null default now(),
  ended_at timestamptz,
  outcome text
);
create unique index media_requests_open on media_requests (asset, node) where ended_at is null;

alter table rundowns
  add column needs_from bigint[] not null default '{}';   -- the frame each is due at first
