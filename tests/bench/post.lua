-- wrk: each thread is one of finance, who confirms payments of one yuan, each once. COOKIES: a file with a cookie a line.
-- FIRST, EACH, UNIT: the first voucher, how many each thread has, the first bill. TODAY.
local given = 0

function setup(thread)
    local lines = {}
    for line in io.lines(os.getenv("COOKIES")) do
        lines[#lines + 1] = line
    end
    thread:set("cookie", lines[given % #lines + 1])
    thread:set("number", given)
    given = given + 1
end

function init()
    voucher = tonumber(os.getenv("FIRST")) + number * tonumber(os.getenv("EACH"))
    bill = tonumber(os.getenv("UNIT")) + number
    today = os.getenv("TODAY")
end

function request()
    local target = "/api/v1/staff/vouchers/" .. voucher .. "/decision"
    voucher = voucher + 1
    return wrk.format("POST", target, {
        ["Cookie"] = cookie,
        ["Content-Type"] = "application/json",
        ["X-Guild-Request"] = "1",
        ["Idempotency-Key"] = "post-" .. voucher,
    }, '{"version":1,"verdict":"CONFIRM","confirmed_amount":"1.00","received_date":"' .. today
        .. '","allocations":[{"bill_id":"' .. bill .. '","amount":"1.00"}]}')
end
