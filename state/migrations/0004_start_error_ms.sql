-- How far from its time each showing began, where the engine's ticks lie on the clock included.

alter table playout_as_run
  add column start_error_ms bigint;                 -- null: nothing began, or an older row
