-- What a year of membership costs, by post. Rows are added with a new first day; old ones stay: a bill keeps its fee.
CREATE TABLE fee_schedule (
    association_post text NOT NULL,
    association_post_name text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    valid_from date NOT NULL,
    place integer NOT NULL,
    PRIMARY KEY (association_post, valid_from)
);
COMMENT ON TABLE fee_schedule IS 'append-only';
