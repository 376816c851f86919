package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// Postgres is a Store in a PostgreSQL database.
type Postgres struct{ db *sql.DB }

// OpenPostgres connects, and makes tables and their first content if there are none. The caller closes the store.
func OpenPostgres(ctx context.Context, url string) (*Postgres, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	db.SetMaxOpenConns(10)
	db.SetConnMaxIdleTime(5 * time.Minute)
	p := &Postgres{db}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := p.setUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("DATABASE_URL: %w", err), db.Close())
	}
	return p, nil
}

func (p *Postgres) setUp(ctx context.Context) error {
	schema, err := files.ReadFile("schema.sql")
	if err != nil {
		return err
	}
	levels, err := seed()
	if err != nil {
		return err
	}
	return p.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, string(schema)); err != nil {
			return err
		}
		for _, product := range slices.Sorted(maps.Keys(levels)) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO levels VALUES ($1, $2) ON CONFLICT DO NOTHING`, product, levels[product]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close closes the connections.
func (p *Postgres) Close() error { return p.db.Close() }

func (p *Postgres) Reserve(ctx context.Context, order string, items map[string]int32) (map[string]int32, error) {
	left := make(map[string]int32)
	err := p.transact(ctx, func(tx *sql.Tx) error {
		before, err := query(ctx, tx, `SELECT product, available FROM levels JOIN reservations USING (product) WHERE order_id = $1`, order)
		if err != nil || len(before) > 0 {
			left = before
			return err
		}
		var short ShortageError
		for _, product := range slices.Sorted(maps.Keys(items)) { // in an order, so that transactions do not wait for each other
			wanted := items[product]
			var available int32
			err := tx.QueryRowContext(ctx, `SELECT available FROM levels WHERE product = $1 FOR UPDATE`, product).Scan(&available)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if wanted > available {
				short = append(short, Missing{product, wanted, available})
				continue
			}
			left[product] = available - wanted
			if _, err := tx.ExecContext(ctx, `UPDATE levels SET available = $2 WHERE product = $1`, product, left[product]); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO reservations VALUES ($1, $2, $3)`, order, product, wanted); err != nil {
				return err
			}
		}
		if short != nil {
			return short
		}
		return nil
	})
	return left, err
}

func (p *Postgres) Release(ctx context.Context, order string) error {
	return p.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE levels SET available = available + quantity
			FROM reservations WHERE reservations.product = levels.product AND order_id = $1`, order)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM reservations WHERE order_id = $1`, order)
		return err
	})
}

func (p *Postgres) Level(ctx context.Context, product string) (int32, error) {
	var available int32
	err := p.db.QueryRowContext(ctx, `SELECT available FROM levels WHERE product = $1`, product).Scan(&available)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return available, err
}

func (p *Postgres) SetLevel(ctx context.Context, product string, available int32) error {
	_, err := p.db.ExecContext(ctx, `INSERT INTO levels VALUES ($1, $2) ON CONFLICT (product) DO UPDATE SET available = $2`, product, available)
	return err
}

// transact does all that f does, or nothing.
func (p *Postgres) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func query(ctx context.Context, tx *sql.Tx, text string, args ...any) (map[string]int32, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	result := make(map[string]int32)
	for rows.Next() {
		var product string
		var n int32
		if err := rows.Scan(&product, &n); err != nil {
			return nil, err
		}
		result[product] = n
	}
	return result, rows.Err()
}
