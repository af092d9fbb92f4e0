SELECT job, kind, subject, first_seen, last_seen FROM findings WHERE finding_id = {finding_id:String}
