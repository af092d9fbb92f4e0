DELETE FROM finding_states WHERE last_seen < toDateTime64({oldest:Date}, 3, 'UTC')
