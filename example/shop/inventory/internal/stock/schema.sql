CREATE TABLE IF NOT EXISTS levels (
	product   text PRIMARY KEY,
	available integer NOT NULL CHECK (available >= 0)
);

CREATE TABLE IF NOT EXISTS reservations (
	order_id text NOT NULL,
	product  text NOT NULL REFERENCES levels (product),
	quantity integer NOT NULL CHECK (quantity > 0),
	PRIMARY KEY (order_id, product)
);
