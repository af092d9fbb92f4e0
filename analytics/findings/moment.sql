-- Later than all that was written before this statement, so that of two refreshes the one that read more wins.
SELECT toUnixTimestamp64Micro(now64(6, 'UTC'))
