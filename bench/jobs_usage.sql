-- The sums of the day, so many days earlier.
INSERT INTO usage_hours
SELECT made.* REPLACE (made.slice - toIntervalDay({days:UInt32}) AS slice, made.hour - toIntervalDay({days:UInt32}) AS hour)
FROM usage_hours AS made
WHERE made.slice >= {day:DateTime('UTC')}
