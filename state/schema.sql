-- The tables as all migrations together make them in an empty database; for reading, and checked
-- against the migrations by a test. A database of the older system keeps its own column types.

-- ── the older tables ────────────────────────────────────────────────────────────────────────────

create table cluster_nodes (
  id uuid primary key,
  hostname text not null,
  ip_address text,
  api_url text,                     -- an older node agent's
  last_seen_at timestamptz,         -- healthy if within 60 s
  runtime text,
  address text,                     -- the container engine's; empty for this machine
  labels jsonb,
  devices jsonb,
  maintenance boolean not null default false,
  lineup_digest text not null default ''
);

create table playout_channels (
  id uuid primary key,
  name text not null,
  node_id uuid references cluster_nodes (id) on delete set null,
  output_type text not null default 'srt',
  output_config jsonb not null default '{}',
  video_format text not null default '1080p5994',
  status text not null default 'stopped',           -- stopped, starting, running, error
  container_id text,
  container_meta jsonb,                             -- sidecar_url
  error_message text,
  project_id text,                                  -- null: administrators only
  restart_count int not null default 0,
  last_restart_at timestamptz,
  last_heartbeat_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  title text,
  node text,                                        -- the node's name; decides, where node_id is for screens
  outputs jsonb,                                    -- all outputs; output_type and output_config are the first
  project text,
  highest_epoch bigint not null default 0,
  lineup_digest text not null default ''            -- what the rows were written from; empty: edited since
);

create table playout_playlists (
  id uuid primary key,
  channel_id uuid not null references playout_channels (id) on delete cascade,
  name text not null,
  loop boolean not null default false,
  created_at timestamptz not null default now(),
  from_lineup boolean not null default false
);

create table assets (                               -- the media library's; we only read it
  id uuid primary key,
  filename text,
  duration_ms bigint
);

create table playout_items (
  id uuid primary key,
  playlist_id uuid not null references playout_playlists (id) on delete cascade,
  asset_id uuid,                                    -- null: the media library does not know it
  sort_order int not null,
  in_point numeric,                                 -- seconds; null: the file's ends
  out_point numeric,
  transition text not null default 'cut',
  transition_ms int not null default 0,
  media_status text not null default 'pending',     -- pending, staging, ready, error
  media_path text,                                  -- its file's name on every node
  updated_at timestamptz not null default now(),
  item text,                                        -- its id in the lineup
  asset text,                                       -- house number
  live text,                                        -- a live source's name, instead of an asset
  title text
) with (fillfactor = 70);                           -- a changed media_status stays on its page

create table playout_as_run (                       -- append-only
  id uuid primary key default gen_random_uuid(),
  channel_id uuid,
  started_at timestamptz not null,
  row_no bigint generated always as identity,
  channel text,                                     -- its name; the row outlives the channel
  spool text,
  seq bigint,
  epoch bigint,
  event text,
  title text,
  asset text,
  playlist text,
  item text,
  kind text,
  ended_at timestamptz,
  first_tick bigint,
  last_tick bigint,
  first_source_frame bigint,
  last_source_frame bigint,
  start_error_frames bigint,
  evidence text,
  why text,
  error text,
  start_error_ms bigint                             -- null: nothing began, or an older row
);

create table recorders (
  id uuid primary key,
  node_id uuid,                                     -- null: the control host
  device_index int,
  status text not null default 'idle',
  source_type text not null default 'sdi',
  name text,
  node text,                                        -- the node's name, where the lineup gave one
  from_lineup boolean not null default false
);

create unique index playout_channels_name on playout_channels (name);
create index playout_playlists_channel on playout_playlists (channel_id);
create index playout_items_playlist on playout_items (playlist_id, sort_order);
create index playout_items_media on playout_items (media_path);
create index cluster_nodes_hostname on cluster_nodes (hostname);
create unique index playout_as_run_delivery on playout_as_run (spool, seq);
create index playout_as_run_newest on playout_as_run (channel, started_at desc, row_no desc);
create unique index playout_as_run_row on playout_as_run (row_no);
create index assets_filename on assets (filename);

-- ── ours ────────────────────────────────────────────────────────────────────────────────────────

-- What a house number means: its stable row id, its file's name on every node, its length.
create table lineup_assets (
  asset text primary key,
  id uuid not null,
  title text not null default '',
  stored text not null,
  duration_ms bigint,
  problem text,
  note text                                         -- what people should know of one that plays
);
create index lineup_assets_stored on lineup_assets (stored);

-- A number that grows when a table that is dear to read has changed.
create table changes (
  what text primary key,
  number bigint not null default 0
);
insert into changes (what) values ('lineup_assets');
insert into changes (what) values ('media_findings');

-- What was found in a file by looking into all of it; by content, so once whatever the nodes.
create table media_findings (
  stored text primary key,
  document jsonb not null,
  found_at timestamptz not null default now()
);

-- Which file is on which node, or on its way there; `ready`: whole and verified.
create table media_copies (
  stored text not null,
  node text not null,
  asset text,
  size bigint not null,
  seen_at timestamptz not null default now(),
  state text not null default 'ready'
    check (state in ('pending', 'staging', 'ready', 'error')),
  done bigint not null default 0,                   -- bytes that have come
  due_at timestamptz,                               -- when it airs next, where it is not there yet
  eta_at timestamptz,                               -- when the copy under way will be whole
  error text not null default '',
  used_at timestamptz,                              -- when a rundown last played it
  primary key (stored, node)
);
create index media_copies_node on media_copies (node);

-- Somebody wants a new copy of an asset on a node: at most one open request for each.
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

-- Who holds a DeckLink device: at most one active row for each, channels and recorders alike.
create table device_claims (
  id bigint generated always as identity primary key,
  node text not null,
  device int not null,
  owner_kind text not null check (owner_kind in ('channel', 'recorder')),
  owner text not null,
  output text,
  epoch bigint not null default 0,
  claimed_at timestamptz not null default now(),
  released_at timestamptz
);
create unique index device_claims_active on device_claims (node, device) where released_at is null;
create index device_claims_owner on device_claims (owner_kind, owner) where released_at is null;

-- Every epoch ever begun.
create table sidecars (
  channel text not null,
  epoch bigint not null,
  node text not null,
  fingerprint text not null default '',
  handle text not null default '',
  url text not null default '',
  counts_as_restart boolean not null default false,
  begun_at timestamptz not null default now(),
  retired_at timestamptz,
  primary key (channel, epoch)
);
create index sidecars_restarts on sidecars (begun_at) where counts_as_restart;

-- The right to send: one row per channel, so one epoch. Without limit: the last day of 9999.
create table channel_leases (
  channel text primary key,
  sending_epoch bigint not null,
  granted_at timestamptz not null,
  granted_until timestamptz not null,   -- what the sidecar is being told
  expires_at timestamptz not null       -- what it may still believe; never earlier than any it was told
);

create table rundowns (
  channel text primary key,
  digest text not null,
  until bigint not null,
  acts_seq bigint not null default 0,
  inputs text not null default '',
  needs text[] not null default '{}',
  needs_from bigint[] not null default '{}',   -- the frame each is due at first
  document jsonb not null,
  saved_at timestamptz not null default now()
);

create table overrides (
  id bigint generated always as identity primary key,
  channel text not null,
  kind text not null check (kind in ('off', 'node')),
  value text not null default '',
  owner text not null,
  reason text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  ended_at timestamptz,
  ended_by text
);
create index overrides_open on overrides (channel) where ended_at is null;

create table alarms (
  channel text not null,
  key text not null,
  text text not null,
  since timestamptz not null default now(),
  primary key (channel, key)
);

create table passes (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  commit_id text not null,
  label text not null,
  plan_json text not null,
  outcome text not null
);

create table journal (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  who text not null,
  what text not null,
  channel text,
  node text,
  cause text not null,
  outcome text not null,
  commit_id text not null default '',
  plan text not null default ''
);

-- The term grows with every change of leader; deciding writes hold its row while they commit.
create table leadership (
  one boolean primary key default true check (one),
  term bigint not null default 0,
  leader text not null default '',
  since timestamptz not null default now()
);
insert into leadership default values;

-- Kept apart from the term, so that a renewal never waits for a deciding write.
create table leadership_lease (
  one boolean primary key default true check (one),
  term bigint not null default 0,
  holder text not null default '',
  expires_at timestamptz not null default '-infinity'
);
insert into leadership_lease default values;

-- ── rules that hold whoever writes ──────────────────────────────────────────────────────────────

create function refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op)
    using errcode = 'integrity_constraint_violation';
end $$;
create trigger append_only before update or delete or truncate on playout_as_run
  for each statement execute function refuse_rewriting();
create trigger append_only before update or delete or truncate on journal
  for each statement execute function refuse_rewriting();

-- The name of a node row; the older tables mean the control host by null.
create function node_name_of(wanted uuid) returns text language sql stable as $$
  select coalesce(
    (select hostname from cluster_nodes where id = wanted),
    (select hostname from cluster_nodes
     where coalesce(address, api_url, '') = '' and wanted is null order by hostname limit 1),
    'local')
$$;

-- A project as `project_id` holds it (in a database of the older system: of another type there).
create function project_id_of(project text) returns text language plpgsql immutable as
$f$ begin return project::text; exception when data_exception then return null; end $f$;

-- A recorder that records from SDI holds its device like any channel, or may not start.
create function claim_for_recorder() returns trigger language plpgsql as $$
declare
  holder record;
  on_node text;
begin
  if tg_op <> 'INSERT' then
    update device_claims set released_at = clock_timestamp()
    where owner_kind = 'recorder' and owner = old.id::text and released_at is null;
  end if;
  if tg_op <> 'DELETE' and new.status = 'recording' and new.source_type = 'sdi' then
    on_node := coalesce(new.node, node_name_of(new.node_id));
    insert into device_claims (node, device, owner_kind, owner)
    values (on_node, coalesce(new.device_index, 1), 'recorder', new.id::text)
    on conflict (node, device) where released_at is null do nothing;
    if not found then
      select owner_kind, owner into holder from device_claims
      where node = on_node and device = coalesce(new.device_index, 1) and released_at is null;
      raise exception 'device % of % is held by % %',
        coalesce(new.device_index, 1), on_node, holder.owner_kind, holder.owner
        using errcode = 'unique_violation';
    end if;
  end if;
  perform pg_notify('reconciler', 'recorders');
  return null;
end $$;
create trigger claims_device
  after insert or delete or update of status, source_type, node_id, node, device_index on recorders
  for each row execute function claim_for_recorder();

-- An edit made by hand, or by the older system, makes the channel's rows differ from every lineup.
create function note_drift() returns trigger language plpgsql as $$
declare
  changed uuid;
begin
  if coalesce(current_setting('reconciler.writing', true), '') = 'on' then
    return null;
  end if;
  if tg_table_name = 'playout_items' then
    select channel_id into changed from playout_playlists
    where id = case when tg_op = 'DELETE' then old.playlist_id else new.playlist_id end
      and from_lineup;
  elsif tg_op = 'DELETE' then
    if old.from_lineup then
      changed := old.channel_id;
    end if;
  elsif new.from_lineup then
    changed := new.channel_id;
  end if;
  if changed is not null then
    update playout_channels set lineup_digest = '' where id = changed and lineup_digest <> '';
    perform pg_notify('reconciler', 'drift');
  end if;
  return null;
end $$;
create trigger drifts
  after insert or delete
     or update of playlist_id, sort_order, in_point, out_point, transition, transition_ms
  on playout_items for each row execute function note_drift();
create trigger drifts
  after insert or delete or update of channel_id, name, loop
  on playout_playlists for each row execute function note_drift();

create function note_channel_drift() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('reconciler.writing', true), '') <> 'on' then
    new.lineup_digest := '';
    perform pg_notify('reconciler', 'drift');
  end if;
  return new;
end $$;
create trigger drifts
  before update of name, output_type, output_config, video_format, project_id on playout_channels
  for each row execute function note_channel_drift();
