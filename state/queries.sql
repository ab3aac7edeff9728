-- Named queries: a name, one line of purpose, then one statement.

-- ── fencing ─────────────────────────────────────────────────────────────────────────────────────

-- name: hold_term
-- Hold the leader's term until this transaction ends; no row for a deposed leader.
select term from leadership where term = %(term)s for share;

-- name: mark_as_ours
-- Tell the drift triggers that this transaction writes for the lineup.
select set_config('reconciler.writing', 'on', true);

-- ── one reading of what decides ─────────────────────────────────────────────────────────────────

-- name: read_channels
-- Every channel's row with its lease, rundown and recent restarts on its node.
select c.name, c.lineup_digest, c.status,
       coalesce(c.node, case when c.status <> 'stopped' then node_name_of(c.node_id) end),
       c.highest_epoch, coalesce(l.sending_epoch, 0),
       coalesce(c.restart_count, 0), coalesce(r.restarts, 0), c.last_restart_at,
       coalesce(c.error_message, ''), coalesce(d.digest, ''), coalesce(d.until, 0),
       d.acts_seq, coalesce(d.inputs, ''),
       case when l.expires_at < '9999-12-31 00:00+00' then l.expires_at end  -- null: without limit
from playout_channels c
left join channel_leases l on l.channel = c.name
left join rundowns d on d.channel = c.name
left join (
  select channel, node, count(*) as restarts from sidecars
  where counts_as_restart and begun_at > clock_timestamp() - interval '1 hour'
  group by channel, node
) r on r.channel = c.name and r.node = c.node
order by c.name;

-- name: read_nodes
-- Every inventory row's digest.
select hostname, lineup_digest from cluster_nodes order by hostname, id;

-- name: read_recorders
-- Every recorder with its device.
select coalesce(name, id::text), coalesce(node, node_name_of(node_id)),
       coalesce(device_index, 1), status = 'recording', source_type = 'sdi'
from recorders order by 1, id;

-- name: read_claims
-- Every device held now.
select k.node, k.device, k.owner_kind, coalesce(r.name, k.owner), k.output
from device_claims k
left join recorders r on k.owner_kind = 'recorder' and r.id::text = k.owner
where k.released_at is null
order by k.node, k.device;

-- name: read_overrides
-- Every override that has neither ended nor expired.
select id, channel, kind, value, owner, reason, expires_at from overrides
where ended_at is null and (expires_at is null or expires_at > clock_timestamp())
order by id;

-- name: read_alarms
-- Every raised alarm, oldest first.
select channel, key, text, since from alarms order by since, channel, key;

-- name: read_restages
-- Every open request for a new copy that is not given up, oldest first.
select id, asset, node, who, asked_at from media_requests
where ended_at is null and asked_at > clock_timestamp() - interval '1 day'
order by asked_at, node, asset, id;

-- name: read_changes
-- The numbers that grow when what house numbers mean, or what was found in files, has changed.
select max(number) filter (where what = 'lineup_assets'),
       max(number) filter (where what = 'media_findings') from changes;

-- name: read_findings
-- What was found in every file.
select stored, document from media_findings order by stored;

-- name: keep_findings
-- Keep what was found in a file.
with kept as (
  insert into media_findings as f (stored, document) values (%(stored)s, %(document)s)
  on conflict (stored) do update set document = excluded.document, found_at = clock_timestamp()
  where f.document <> excluded.document returning 1)
update changes set number = number + 1
where what = 'media_findings' and exists (select from kept);

-- name: read_assets
-- The stored file name of every house number.
select asset, stored from lineup_assets order by asset;

-- ── a channel's rows ────────────────────────────────────────────────────────────────────────────

-- name: find_channel
-- The row to write a channel into: its own, or one of the older system's that bears its title.
select id, node, name from playout_channels
where name = %(name)s::text or (name = %(title)s::text and title is null)
order by (name = %(name)s::text) desc, created_at
limit 1
for update;

-- name: write_channel
-- Insert a channel's row, or update what differs.
insert into playout_channels as c
  (id, name, title, output_type, output_config, outputs, video_format, project, project_id,
   lineup_digest, highest_epoch)
select %(id)s, w.name, w.title, w.output_type, w.output_config, w.outputs, w.video_format,
       w.project, project_id_of(w.project), w.lineup_digest,
       coalesce((select max(epoch) from sidecars where channel = w.name), 0)
from jsonb_populate_record(null::playout_channels, %(row)s) w
on conflict (id) do update set
  name = excluded.name, title = excluded.title, output_type = excluded.output_type,
  output_config = excluded.output_config, outputs = excluded.outputs,
  video_format = excluded.video_format, project = excluded.project,
  project_id = excluded.project_id, lineup_digest = excluded.lineup_digest,
  updated_at = clock_timestamp()
where (c.name, c.title, c.output_type, c.output_config, c.outputs, c.video_format, c.project,
       c.project_id, c.lineup_digest)
  is distinct from
      (excluded.name, excluded.title, excluded.output_type, excluded.output_config,
       excluded.outputs, excluded.video_format, excluded.project, excluded.project_id,
       excluded.lineup_digest);

-- name: rename_claims
-- Hand an adopted channel the devices that it held under its older name.
update device_claims set owner = %(name)s
where owner_kind = 'channel' and owner = %(older)s and released_at is null;

-- name: find_playlists
-- A channel's playlists, whoever made them.
select id, name, from_lineup from playout_playlists where channel_id = %(channel_id)s
order by created_at, id;

-- name: find_items
-- The items of a channel's playlists, to keep the ids that they have.
select i.playlist_id, i.id, i.item from playout_items i
join playout_playlists p on p.id = i.playlist_id
where p.channel_id = %(channel_id)s;

-- name: remove_playlists
-- Remove what the lineup wrote for a channel and wants no more.
delete from playout_playlists
where channel_id = %(channel_id)s and from_lineup and id <> all(%(keep)s);

-- name: write_playlists
-- Insert a channel's playlists, or update what differs.
insert into playout_playlists as p (id, channel_id, name, loop, from_lineup)
select w.id, w.channel_id, w.name, w.loop, true
from jsonb_populate_recordset(null::playout_playlists, %(rows)s) w
on conflict (id) do update set
  name = excluded.name, loop = excluded.loop, channel_id = excluded.channel_id, from_lineup = true
where (p.name, p.loop, p.channel_id, p.from_lineup)
  is distinct from (excluded.name, excluded.loop, excluded.channel_id, true);

-- name: remove_items
-- Remove items that the lineup's playlists hold no more.
delete from playout_items
where playlist_id = any(%(playlists)s) and id <> all(%(keep)s);

-- name: write_items
-- Insert items, or update what differs; an item is as far as its file on the channel's node is.
with wanted as (
  select w.id, w.playlist_id, w.sort_order, w.in_point, w.out_point, w.transition,
         w.transition_ms, w.media_path, w.item, w.asset, w.live, w.title,
         coalesce((select a.id from assets a where a.id = w.asset_id),
                  (select a.id from assets a where a.filename = w.asset order by a.id limit 1))
           as asset_id,
         case
           when w.media_status <> 'pending' then w.media_status
           else coalesce((select m.state from media_copies m
                          where m.stored = w.media_path and m.node = %(node)s), 'pending')
         end as media_status
  from jsonb_populate_recordset(null::playout_items, %(rows)s) w
)
insert into playout_items as i
  (id, playlist_id, asset_id, sort_order, in_point, out_point, transition, transition_ms,
   media_status, media_path, item, asset, live, title)
select id, playlist_id, asset_id, sort_order, in_point, out_point, transition, transition_ms,
       media_status, media_path, item, asset, live, title
from wanted
on conflict (id) do update set
  playlist_id = excluded.playlist_id, asset_id = excluded.asset_id,
  sort_order = excluded.sort_order, in_point = excluded.in_point, out_point = excluded.out_point,
  transition = excluded.transition, transition_ms = excluded.transition_ms,
  media_status = excluded.media_status, media_path = excluded.media_path, item = excluded.item,
  asset = excluded.asset, live = excluded.live, title = excluded.title,
  updated_at = clock_timestamp()
where (i.playlist_id, i.asset_id, i.sort_order, i.in_point, i.out_point, i.transition,
       i.transition_ms, i.media_status, i.media_path, i.item, i.asset, i.live, i.title)
  is distinct from
      (excluded.playlist_id, excluded.asset_id, excluded.sort_order, excluded.in_point,
       excluded.out_point, excluded.transition, excluded.transition_ms, excluded.media_status,
       excluded.media_path, excluded.item, excluded.asset, excluded.live, excluded.title);

-- name: write_assets
-- Keep what house numbers mean; returns those that changed.
insert into lineup_assets as a (asset, id, title, stored, duration_ms, problem, note)
select w.asset, w.id, w.title, w.stored, w.duration_ms, w.problem, w.note
from jsonb_populate_recordset(null::lineup_assets, %(rows)s) w
order by w.asset
on conflict (asset) do update set
  title = excluded.title, stored = excluded.stored, duration_ms = excluded.duration_ms,
  problem = excluded.problem, note = excluded.note
where (a.title, a.stored, a.duration_ms, a.problem, a.note)
  is distinct from (excluded.title, excluded.stored, excluded.duration_ms, excluded.problem,
                    excluded.note)
returning a.asset;

-- name: note_assets_changed
-- Tell readers that what house numbers mean has changed.
update changes set number = number + 1 where what = 'lineup_assets';

-- name: remove_channel
-- Remove a channel with its playlists and items; as-run, journal, claims and lease stay.
with gone as (select id from playout_channels where name = %(channel)s::text),
     lists as (select p.id from playout_playlists p join gone g on g.id = p.channel_id),
     items as (delete from playout_items using lists where playlist_id = lists.id),
     playlists as (delete from playout_playlists using gone where channel_id = gone.id),
     kept as (delete from rundowns where channel = %(channel)s),
     raised as (delete from alarms where channel = %(channel)s)
delete from playout_channels using gone where playout_channels.id = gone.id;

-- ── the inventory ───────────────────────────────────────────────────────────────────────────────

-- name: find_node
-- A node's row.
select id from cluster_nodes where hostname = %(node)s order by id limit 1;

-- name: write_node
-- Insert a node's row, or update what differs.
insert into cluster_nodes as n
  (id, hostname, ip_address, api_url, runtime, address, labels, devices, maintenance, lineup_digest)
select %(id)s, w.hostname, w.ip_address, w.api_url, w.runtime, w.address, w.labels, w.devices,
       w.maintenance, w.lineup_digest
from jsonb_populate_record(null::cluster_nodes, %(row)s) w
on conflict (id) do update set
  ip_address = coalesce(excluded.ip_address, n.ip_address),
  api_url = coalesce(excluded.api_url, n.api_url),
  runtime = excluded.runtime, address = excluded.address, labels = excluded.labels,
  devices = excluded.devices, maintenance = excluded.maintenance,
  lineup_digest = excluded.lineup_digest
where (n.ip_address, n.api_url, n.runtime, n.address, n.labels, n.devices, n.maintenance,
       n.lineup_digest)
  is distinct from
      (coalesce(excluded.ip_address, n.ip_address), coalesce(excluded.api_url, n.api_url),
       excluded.runtime, excluded.address, excluded.labels, excluded.devices,
       excluded.maintenance, excluded.lineup_digest);

-- name: remove_node
-- Remove a node's row; channels that were there name no row any more.
with gone as (select id from cluster_nodes where hostname = %(node)s),
     left_behind as (update playout_channels set node_id = null from gone where node_id = gone.id)
delete from cluster_nodes using gone where cluster_nodes.id = gone.id;

-- name: find_recorder
-- The row to write a recorder into: its own, or the older system's unnamed one on that device.
select id from recorders
where name = %(name)s::text
   or (name is null and coalesce(node, node_name_of(node_id)) = %(node)s::text
       and coalesce(device_index, 1) = %(device)s)
order by (name = %(name)s::text) desc nulls last, id
limit 1;

-- name: write_recorder
-- Insert a recorder's row, or update what differs; its status is its own.
insert into recorders as r (id, name, node, node_id, device_index, status, source_type, from_lineup)
values (%(id)s, %(name)s::text, %(node)s::text,
        (select id from cluster_nodes where hostname = %(node)s::text order by id limit 1),
        %(device)s, 'idle', 'sdi', true)
on conflict (id) do update set
  name = excluded.name, node = excluded.node, node_id = excluded.node_id,
  device_index = excluded.device_index, from_lineup = true
where (r.name, r.node, r.node_id, r.device_index, r.from_lineup)
  is distinct from (excluded.name, excluded.node, excluded.node_id, excluded.device_index, true);

-- ── epochs, devices ─────────────────────────────────────────────────────────────────────────────

-- name: hold_channel
-- Hold a channel's row until this transaction ends.
select highest_epoch from playout_channels where name = %(channel)s for update;

-- name: take_epoch
-- Make an epoch the channel's, on a node, if it is newer than every other.
update playout_channels set
  highest_epoch = %(epoch)s, node = %(node)s::text,
  node_id = (select id from cluster_nodes where hostname = %(node)s::text order by id limit 1),
  status = case when %(spawning)s then 'starting' else status end,
  restart_count = coalesce(restart_count, 0) + %(restarts)s,
  last_restart_at = case when %(restarts)s > 0 then clock_timestamp() else last_restart_at end,
  updated_at = clock_timestamp()
where name = %(channel)s
  and (highest_epoch < %(epoch)s or (not %(spawning)s and highest_epoch = %(epoch)s))
returning highest_epoch;

-- name: begin_sidecar
-- Remember an epoch and the node it was begun on.
insert into sidecars (channel, epoch, node, counts_as_restart)
values (%(channel)s, %(epoch)s, %(node)s, %(restarts)s > 0)
on conflict (channel, epoch) do update set node = excluded.node, retired_at = null;

-- name: describe_sidecars
-- Keep what runs where, for screens; only what differs.
insert into sidecars as s (channel, epoch, node, fingerprint, handle, url)
select w.channel, w.epoch, w.node, w.fingerprint, w.handle, w.url
from jsonb_populate_recordset(null::sidecars, %(rows)s) w
on conflict (channel, epoch) do update set
  node = excluded.node, fingerprint = excluded.fingerprint, handle = excluded.handle,
  url = excluded.url
where (s.node, s.fingerprint, s.handle, s.url)
  is distinct from (excluded.node, excluded.fingerprint, excluded.handle, excluded.url);

-- name: take_device
-- Take a free device, or keep the one that the channel has; no row while another holds it.
insert into device_claims as k (node, device, owner_kind, owner, output, epoch)
values (%(node)s, %(device)s, 'channel', %(channel)s, %(output)s, %(epoch)s)
on conflict (node, device) where released_at is null do update set
  output = excluded.output, epoch = greatest(k.epoch, excluded.epoch)
where k.owner_kind = 'channel' and k.owner = excluded.owner
returning k.id;

-- name: holder_of_device
-- Who holds a device.
select k.owner_kind, coalesce(r.name, k.owner), k.output from device_claims k
left join recorders r on k.owner_kind = 'recorder' and r.id::text = k.owner
where k.node = %(node)s and k.device = %(device)s and k.released_at is null;

-- name: recording_on_device
-- A recorder that records from a device without a claim to it.
select coalesce(name, id::text) from recorders
where status = 'recording' and source_type = 'sdi'
  and coalesce(node, node_name_of(node_id)) = %(node)s::text and coalesce(device_index, 1) = %(device)s
order by id limit 1;

-- name: release_device
-- Give one device back.
update device_claims set released_at = clock_timestamp()
where node = %(node)s and device = %(device)s and owner_kind = 'channel' and owner = %(channel)s
  and output is not distinct from %(output)s and released_at is null;

-- name: retire_sidecar
-- Record that an epoch has gone, with its devices and its right to send.
with gone as (
       update sidecars set retired_at = clock_timestamp()
       where channel = %(channel)s and epoch = %(epoch)s and retired_at is null),
     freed as (
       update device_claims set released_at = clock_timestamp()
       where owner_kind = 'channel' and owner = %(channel)s and epoch = %(epoch)s
         and released_at is null)
delete from channel_leases where channel = %(channel)s and sending_epoch = %(epoch)s;

-- ── the right to send ───────────────────────────────────────────────────────────────────────────

-- name: renew_lease
-- Prolong the lease of the epoch that has it; never shorten what a sidecar may believe.
update channel_leases set
  granted_at = t.now,
  granted_until = coalesce(t.now + %(ttl)s::interval, '9999-12-31 00:00+00'),
  expires_at = greatest(expires_at, coalesce(t.now + %(ttl)s::interval, '9999-12-31 00:00+00'))
from (select clock_timestamp() as now) as t
where channel = %(channel)s and sending_epoch = %(epoch)s
returning granted_until;

-- name: renew_leases
-- Prolong the leases of many channels whose epochs have them; returns those, and until when.
update channel_leases l set
  granted_at = t.now,
  granted_until = coalesce(t.now + w.ttl, '9999-12-31 00:00+00'),
  expires_at = greatest(expires_at, coalesce(t.now + w.ttl, '9999-12-31 00:00+00'))
from unnest(%(channels)s::text[], %(epochs)s::bigint[], %(ttls)s::interval[])
  as w (channel, epoch, ttl), (select clock_timestamp() as now) as t
where l.channel = w.channel and l.sending_epoch = w.epoch
returning l.channel, l.granted_until;

-- name: take_lease
-- Give the right to send to an epoch; no row while another's lease runs, but for the one that fell silent.
insert into channel_leases as l (channel, sending_epoch, granted_at, granted_until, expires_at)
values (%(channel)s, %(epoch)s, clock_timestamp(),
        coalesce(clock_timestamp() + %(ttl)s::interval, '9999-12-31 00:00+00'),
        coalesce(clock_timestamp() + %(ttl)s::interval, '9999-12-31 00:00+00'))
on conflict (channel) do update set
  sending_epoch = excluded.sending_epoch, granted_at = excluded.granted_at,
  granted_until = excluded.granted_until, expires_at = excluded.expires_at
where l.expires_at <= clock_timestamp() or l.sending_epoch = %(instead_of)s
returning l.granted_until;

-- name: lease_of
-- Who may send a channel, and until when.
select sending_epoch, expires_at from channel_leases where channel = %(channel)s;

-- name: crossings
-- Channels of which more than one sidecar was begun and not retired, with their nodes.
select channel, array_agg(distinct node) from sidecars
where retired_at is null group by channel having count(*) > 1;

-- name: take_back_rights
-- Nobody on a node may send any more: somebody says that it is off. Returns the channels.
delete from channel_leases l using sidecars s
where s.channel = l.channel and s.epoch = l.sending_epoch and s.node = %(node)s
returning l.channel;

-- name: confirm_leases
-- Let leases end with grants that sidecars go by alone, where none was written since.
update channel_leases l set expires_at = l.granted_until
from unnest(%(channels)s::text[], %(epochs)s::bigint[], %(ends)s::timestamptz[])
  as w (channel, epoch, until)
where l.channel = w.channel and l.sending_epoch = w.epoch and l.granted_until = w.until
  and l.expires_at <> l.granted_until;

-- ── what passes leave behind ────────────────────────────────────────────────────────────────────

-- name: save_rundown
-- Keep the rundown that a sidecar was given.
insert into rundowns as r
  (channel, digest, until, acts_seq, inputs, needs, needs_from, document)
values (%(channel)s, %(digest)s, %(until)s, %(acts_seq)s, %(inputs)s, %(needs)s, %(needs_from)s,
        %(document)s)
on conflict (channel) do update set
  digest = excluded.digest, until = excluded.until, acts_seq = excluded.acts_seq,
  inputs = excluded.inputs, needs = excluded.needs,
  needs_from = excluded.needs_from, document = excluded.document, saved_at = clock_timestamp()
where (r.digest, r.acts_seq, r.inputs) is distinct from
      (excluded.digest, excluded.acts_seq, excluded.inputs);

-- name: note_inputs
-- Say that kept rundowns follow from other inputs as well: they were compiled, and came out equal.
update rundowns r set inputs = w.inputs
from unnest(%(channels)s::text[], %(inputs)s::text[]) as w (channel, inputs)
where r.channel = w.channel and r.inputs <> w.inputs;

-- name: read_needs
-- The files that kept rundowns play, and the frame each is due at first.
select channel, needs, needs_from from rundowns where channel = any(%(channels)s);

-- name: read_plays
-- Where kept rundowns play some of their files; filler and slate, which have no event, come first.
with wanted as (
       select channel, array_agg(stored) as stored
       from unnest(%(channels)s::text[], %(files)s::text[]) as w (channel, stored) group by channel),
     kept as (
       select r.channel, w.stored, r.document from rundowns r join wanted w on w.channel = r.channel),
     plays as (
       select k.channel, k.stored, c.clip, (e.event->>'start')::bigint as "start",
              (e.event->>'start')::bigint + (e.event->>'frames')::bigint as "end",
              e.event->>'id' as event, coalesce(e.event->>'title', '') as title,
              coalesce(e.event->>'playlist', '') as playlist, coalesce(e.event->>'item', '') as item
       from kept k, jsonb_array_elements(k.document->'events') as e (event),
            lateral (values (e.event->'material'), (e.event->'alternate')) as c (clip)
       union all
       select k.channel, k.stored, c.clip, (k.document->>'start')::bigint,
              (k.document->>'end')::bigint, '', '', '', ''
       from kept k,
            jsonb_array_elements((k.document->'filler') || (k.document->'slate')) as c (clip))
select channel, clip->>'asset', clip->>'stored', "start", "end", event, title, playlist, item
from plays where clip->>'type' = 'clip' and clip->>'stored' = any(stored)
order by channel, "start", event collate "C", (clip->>'stored') collate "C";

-- name: load_rundown
-- The rundown that was kept last.
select document from rundowns where channel = %(channel)s;

-- name: record
-- Bring the status columns of many channels up to date, and the nodes' on which sidecars answered.
with seen as (
       select * from jsonb_to_recordset(%(rows)s) as w
         (channel text, status text, node text, handle text, url text, error_message text,
          seen boolean)),
     heard as (
       update cluster_nodes set last_seen_at = clock_timestamp()
       where hostname in (select node from seen where seen.seen)
         and (last_seen_at is null or last_seen_at < clock_timestamp() - interval '2 seconds')),
     placed as (
       select distinct on (hostname) hostname, id from cluster_nodes order by hostname, id),
     wanted as (
       select w.channel, w.status, w.seen,
              coalesce(w.node, case when w.status <> 'stopped' then c.node end) as node,
              nullif(w.handle, '') as handle, nullif(w.error_message, '') as error_message,
              case when w.url <> '' then jsonb_build_object('sidecar_url', w.url) end as meta
       from seen w join playout_channels c on c.name = w.channel)
update playout_channels c set
  status = w.status, node = w.node, node_id = n.id, container_id = w.handle,
  container_meta = w.meta, error_message = w.error_message,
  last_heartbeat_at = case when w.seen then clock_timestamp() else c.last_heartbeat_at end
from wanted w left join placed n on n.hostname = w.node
where c.name = w.channel
  and ((c.status, c.node, c.node_id, c.container_id, c.container_meta, c.error_message)
         is distinct from (w.status, w.node, n.id, w.handle, w.meta, w.error_message)
       or (w.seen and (c.last_heartbeat_at is null
                       or c.last_heartbeat_at < clock_timestamp() - interval '2 seconds')));

-- name: record_nodes
-- Bring the heartbeat of nodes that answered up to date.
update cluster_nodes set last_seen_at = clock_timestamp() where hostname = any(%(nodes)s);

-- name: forget_copies
-- Forget files that a node has no more.
delete from media_copies
where node = %(node)s and state = 'ready' and stored <> all(%(stored)s);

-- name: record_copies
-- Remember the files that a node has whole; only what differs.
insert into media_copies as m (stored, node, size, done, asset, used_at)
select w.stored, %(node)s, w.size, w.size,
       (select min(a.asset) from lineup_assets a where a.stored = w.stored), clock_timestamp()
from unnest(%(stored)s::text[], %(sizes)s::bigint[]) as w (stored, size)
on conflict (stored, node) do update set
  size = excluded.size, done = excluded.size, state = 'ready', error = '', eta_at = null,
  due_at = null, used_at = coalesce(m.used_at, excluded.used_at), seen_at = clock_timestamp()
where m.size <> excluded.size or m.state <> 'ready';

-- name: drop_wants
-- Forget files that a node lacks and nothing wants there any more.
delete from media_copies
where node = %(node)s and state <> 'ready' and stored <> all(%(stored)s)
returning stored;

-- name: want_copies
-- Remember what a node lacks, when it is due and what keeps it; how far it has come stays.
insert into media_copies as m (stored, node, asset, size, state, due_at, error, used_at)
select w.stored, %(node)s, w.asset, w.size, 'pending', w.due_at, w.error, clock_timestamp()
from jsonb_to_recordset(%(rows)s)
  as w (stored text, asset text, size bigint, due_at timestamptz, error text)
on conflict (stored, node) do update set
  asset = excluded.asset, size = excluded.size, due_at = excluded.due_at,
  error = case when m.state = 'pending' then excluded.error else m.error end
where m.state <> 'ready';

-- name: note_copy
-- Remember how far a file has come, or how that ended.
insert into media_copies as m (stored, node, asset, size, state, done, eta_at, error, used_at)
values (%(stored)s, %(node)s, %(asset)s, %(size)s, %(state)s, %(done)s, %(eta_at)s, %(error)s,
        clock_timestamp())
on conflict (stored, node) do update set
  asset = excluded.asset, size = excluded.size, state = excluded.state, done = excluded.done,
  eta_at = excluded.eta_at, error = excluded.error,
  due_at = case when excluded.state = 'ready' then null else m.due_at end;

-- name: note_uses
-- Remember that a channel's rundown, the kept one and the new one, plays its files until now. What
-- another transaction holds is being noted there, or has only just come: no rundown waits for it.
update media_copies m set used_at = clock_timestamp()
from (
  select c.stored, c.node from media_copies c
  where (c.used_at is null or c.used_at < clock_timestamp() - interval '1 minute')
    and c.stored in (
      select unnest(%(needs)s::text[])
      union select unnest(r.needs) from rundowns r where r.channel = %(channel)s)
  for update skip locked) as free
where m.stored = free.stored and m.node = free.node;

-- name: read_uses
-- When a rundown last played each file of a node.
select stored, used_at from media_copies where node = %(node)s and used_at is not null;

-- name: ask_restage
-- Ask for a new copy on one node, or wherever one is or is wanted; returns the nodes.
with places as (
       select %(node)s::text as node where %(node)s::text is not null
       union
       select c.node from media_copies c
       where %(node)s::text is null
         and (c.asset = %(asset)s::text
              or c.stored = (select a.stored from lineup_assets a where a.asset = %(asset)s::text))),
     old as (
       update media_requests r set ended_at = clock_timestamp(), outcome = 'given up'
       from places p
       where r.asset = %(asset)s and r.node = p.node and r.ended_at is null
         and r.asked_at <= clock_timestamp() - interval '1 day')
insert into media_requests (asset, node, who)
select %(asset)s, p.node, %(who)s from places p
on conflict (asset, node) where ended_at is null do update set who = media_requests.who
returning node;

-- name: end_restage
-- A new copy is there, or will not be.
update media_requests set ended_at = clock_timestamp(), outcome = %(outcome)s
where id = %(id)s and ended_at is null;

-- name: mark_items
-- Mark items as far as their files on the node of their channel are.
update playout_items i set media_status = coalesce(m.state, 'pending'),
  updated_at = clock_timestamp()
from playout_playlists p
join playout_channels c on c.id = p.channel_id and c.node = %(node)s
cross join unnest(%(changed)s::text[]) as w (stored)
left join media_copies m on m.stored = w.stored and m.node = %(node)s
where i.playlist_id = p.id and i.media_path = w.stored
  and i.media_status <> coalesce(m.state, 'pending');

-- name: copies_of
-- The files that a node is known to have whole.
select stored, size from media_copies where node = %(node)s and state = 'ready';

-- name: asrun_until
-- The frame after the newest that a channel's as-run accounts for.
select last_tick + 1 from playout_as_run
where channel = %(channel)s and last_tick is not null
order by started_at desc, row_no desc limit 1;

-- name: store_asrun
-- Store what went out, each row once for ever.
insert into playout_as_run
  (channel_id, channel, spool, seq, epoch, event, title, asset, playlist, item, kind, started_at,
   ended_at, first_tick, last_tick, first_source_frame, last_source_frame, start_error_frames,
   start_error_ms, evidence, why, error)
select coalesce(c.id, w.channel_id), w.channel, w.spool, w.seq, w.epoch, w.event, w.title, w.asset,
       w.playlist, w.item, w.kind, w.started_at, w.ended_at, w.first_tick, w.last_tick,
       w.first_source_frame, w.last_source_frame, w.start_error_frames, w.start_error_ms,
       w.evidence, w.why, w.error
from jsonb_populate_recordset(null::playout_as_run, %(rows)s) w
left join playout_channels c on c.name = w.channel
order by w.spool, w.seq
on conflict (spool, seq) do nothing;

-- name: raise_alarm
-- Raise an alarm, or keep it raised with what is known now.
insert into alarms as a (channel, key, text) values (%(channel)s, %(key)s, %(text)s)
on conflict (channel, key) do update set text = excluded.text where a.text <> excluded.text;

-- name: clear_alarm
-- Clear an alarm.
delete from alarms where channel = %(channel)s and key = %(key)s;

-- name: journal
-- Append to the audit.
insert into journal (at, who, what, channel, node, cause, outcome, commit_id, plan)
select w.at, w.who, w.what, w.channel, w.node, w.cause, w.outcome, w.commit_id, w.plan
from jsonb_populate_recordset(null::journal, %(rows)s) with ordinality
  as w (id, at, who, what, channel, node, cause, outcome, commit_id, plan, position)
order by w.position;

-- name: keep_pass
-- Keep a pass, and the nineteen before it.
with kept as (
  insert into passes (commit_id, label, plan_json, outcome)
  values (%(commit)s, %(label)s, %(plan_json)s, %(outcome)s) returning id)
delete from passes where id <= (select id from kept) - 20;

-- ── overrides ───────────────────────────────────────────────────────────────────────────────────

-- name: add_override
-- Begin an override; what it replaces of the same kind ends.
with replaced as (
  update overrides set ended_at = clock_timestamp(), ended_by = %(owner)s
  where channel = %(channel)s and kind = %(kind)s and ended_at is null)
insert into overrides (channel, kind, value, owner, reason, expires_at)
values (%(channel)s, %(kind)s, %(value)s, %(owner)s, %(reason)s, %(expires_at)s)
returning id;

-- name: end_override
-- End an override; no row if it has ended.
update overrides set ended_at = clock_timestamp(), ended_by = %(who)s
where id = %(id)s and ended_at is null
  and (expires_at is null or expires_at > clock_timestamp())
returning channel, kind;

-- ── notices ─────────────────────────────────────────────────────────────────────────────────────

-- name: notify
-- Wake whoever listens, when this transaction commits.
select pg_notify('reconciler', %(what)s);

-- name: listen
-- Hear of changes from now on.
listen reconciler;

-- ── leadership ──────────────────────────────────────────────────────────────────────────────────

-- name: renew_lead
-- Keep the lead; no row if it was lost.
update leadership_lease set expires_at = clock_timestamp() + %(ttl)s::interval
where holder = %(holder)s and term = %(term)s and expires_at > clock_timestamp()
returning term;

-- name: take_lead_lease
-- Take the lead if nobody has it, or only one that is known to be dead.
update leadership_lease set
  holder = %(holder)s, term = (select term from leadership) + 1,
  expires_at = clock_timestamp() + %(ttl)s::interval
where expires_at <= clock_timestamp() or holder in (%(holder)s, %(dead)s)
returning term;

-- name: lead_holder
-- Who has the lead, or had it last.
select holder from leadership_lease;

-- name: begin_term
-- Begin the term of a new leader; waits for the old one's last write.
update leadership set term = %(term)s, leader = %(leader)s, since = clock_timestamp()
where term = %(term)s - 1
returning term;

-- name: resign_lead
-- Give the lead up; the term stays the last.
update leadership_lease set expires_at = '-infinity', holder = ''
where holder = %(holder)s and term = %(term)s
returning term;

-- name: leader
-- Who leads, since when, in which term, and whether its lease runs.
select l.leader, l.since, l.term, s.expires_at > clock_timestamp()
from leadership l cross join leadership_lease s;

-- ── for screens ─────────────────────────────────────────────────────────────────────────────────

-- name: report_channels
-- Every channel in the older shape, newest first.
select id, name, node_id, output_type, output_config, video_format, status, container_id,
       error_message, coalesce(project, project_id::text) as project_id, restart_count,
       last_restart_at, last_heartbeat_at, created_at, updated_at, title, node, outputs,
       container_meta, lineup_digest
from playout_channels order by created_at desc, name;

-- name: report_asrun
-- A page of a channel's as-run, newest first.
select row_no as id, coalesce(r.channel, %(channel)s::text) as channel, channel_id, spool, seq, epoch,
       event, title, asset, playlist, item, kind, started_at, ended_at, first_tick, last_tick,
       first_source_frame, last_source_frame, start_error_frames, start_error_ms, evidence, why,
       coalesce(error, '') as error
from playout_as_run r
where (r.channel = %(channel)s::text
       or (r.channel is null
           and r.channel_id = (select id from playout_channels where name = %(channel)s::text)))
  and (%(before)s::bigint is null
       or (r.started_at, r.row_no) < (select b.started_at, b.row_no from playout_as_run b
                                      where b.row_no = %(before)s))
order by r.started_at desc, r.row_no desc
limit %(limit)s;

-- name: report_playlists
-- A channel's playlists in the older shape.
select p.id, p.channel_id, p.name, p.loop, p.created_at from playout_playlists p
join playout_channels c on c.id = p.channel_id
where c.name = %(channel)s order by p.created_at, p.name;

-- name: report_items
-- A playlist's items in the older shape, in order.
select i.id, i.playlist_id, coalesce(i.asset_id, l.id) as asset_id, i.sort_order,
       i.in_point::float8 as in_point, i.out_point::float8 as out_point, i.transition,
       i.transition_ms, i.media_status, i.media_path, i.updated_at,
       coalesce(a.filename, nullif(i.title, ''), nullif(l.title, ''), i.asset, i.live) as clip_name,
       coalesce(a.duration_ms, l.duration_ms) as asset_duration_ms, i.item, i.asset, i.live, i.title
from playout_items i
left join assets a on a.id = i.asset_id
left join lineup_assets l on l.asset = i.asset
where i.playlist_id = %(playlist)s
order by i.sort_order, i.id;

-- name: report_item
-- One item, with the channel that plays it and where that is.
select i.id, i.item, i.asset, i.live, i.media_path, i.media_status, c.name as channel, c.node
from playout_items i
join playout_playlists p on p.id = i.playlist_id
join playout_channels c on c.id = p.channel_id
where i.id = %(item)s;

-- name: report_media
-- Copies of assets on nodes: all of them, or only those that are not simply there.
select coalesce(m.asset, a.asset) as asset, coalesce(a.title, '') as title, m.node,
       m.stored as media_path, m.state as media_status, m.size, m.done, m.due_at, m.eta_at, m.error,
       m.used_at, a.duration_ms, (f.document ->> 'loudness')::float8 as loudness,
       concat_ws('; ', nullif(f.document ->> 'wrong', ''), nullif(a.note, '')) as note,
       coalesce(r.who, '') as asked_by,
       array(select distinct c.name from playout_items i
             join playout_playlists p on p.id = i.playlist_id
             join playout_channels c on c.id = p.channel_id
             where i.media_path = m.stored order by c.name) as channels
from media_copies m
left join lineup_assets a on a.asset = m.asset
left join media_findings f on f.stored = m.stored
left join media_requests r on r.asset = m.asset and r.node = m.node and r.ended_at is null
  and r.asked_at > clock_timestamp() - interval '1 day'
where %(whole)s or m.state <> 'ready' or m.error <> '' or m.eta_at is not null or r.id is not null
order by m.due_at nulls last, 1, m.node, m.stored
limit %(limit)s;

-- name: report_alarms
-- Alarms that are raised, oldest first.
select channel, key, text, since from alarms order by since, channel, key;

-- name: report_journal
-- The newest lines of the audit.
select id, at, who, what, channel, node, cause, outcome, commit_id as commit, plan
from journal order by id desc limit %(limit)s;

-- name: report_pass
-- The pass kept last.
select at, commit_id, label, plan_json, outcome from passes order by id desc limit 1;

-- ── migrations ──────────────────────────────────────────────────────────────────────────────────

-- name: lock_migrations
-- Let one program migrate at a time.
select pg_advisory_xact_lock(728104417);

-- name: create_migrations
-- Where applied migrations are remembered.
create table if not exists reconciler_migrations (
  number int primary key,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now()
);

-- name: has_migrations
-- Whether this database has ever been migrated.
select to_regclass('reconciler_migrations') is not null;

-- name: applied_migrations
-- What has been applied.
select number, name, sha256 from reconciler_migrations order by number;

-- name: remember_migration
-- Remember one as applied.
insert into reconciler_migrations (number, name, sha256) values (%(number)s, %(name)s, %(sha256)s);
