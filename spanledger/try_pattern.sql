-- Does the engine take this pattern, and does it find something in nothing?
SELECT match('', {pattern:String})
