SELECT paused FROM board;
