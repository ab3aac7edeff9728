-- What lies on one node is asked for often, and an item's state changes more often than its place.

create index media_copies_node on media_copies (node);
create index lineup_assets_stored on lineup_assets (stored);

-- Room on new pages, so that a changed state stays beside the old one and touches no index.
alter table playout_items set (fillfactor = 70);
