-- lately_served.sql. When a worker of each role last gave a sign, among the newest thousand runs: history is not read.
SELECT role, MAX(beat_at_ms) AS beat_at_ms FROM (SELECT role, beat_at_ms FROM runs ORDER BY id DESC LIMIT 1000)
 GROUP BY role;
