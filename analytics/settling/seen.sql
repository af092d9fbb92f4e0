SELECT toString(now64(6, 'UTC')), toString(now64(6, 'UTC') - toIntervalSecond({seconds:UInt32}))
