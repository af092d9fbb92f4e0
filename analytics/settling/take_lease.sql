INSERT INTO settle_marks (name, until, holder)
SELECT {name:String}, now64(3, 'UTC') + toIntervalSecond({seconds:UInt32}), {holder:String}
