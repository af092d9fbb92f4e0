-- Who asked again meanwhile is answered by the next step.
DELETE FROM settle_again WHERE trace_id IN {asked:Array(String)} AND at <= {until:DateTime64(6, 'UTC')}
