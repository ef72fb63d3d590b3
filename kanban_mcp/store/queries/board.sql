SELECT * FROM board;
