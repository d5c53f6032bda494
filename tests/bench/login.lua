-- wrk: each request logs one of many people in. PHONES: a file with a phone a line; PASSWORD is everybody's.
local phones = {}

function init()
    for line in io.lines(os.getenv("PHONES")) do
        phones[#phones + 1] = line
    end
    math.randomseed(os.time())
end

-- Who is refused waits as long as he was told.
local wait = 0

function delay()
    local now = wait
    wait = 0
    return now
end

function response(status, headers)
    if status == 503 then
        wait = 1000 * (tonumber(headers["Retry-After"]) or 1)
    end
end

function request()
    local phone = phones[math.random(#phones)]
    return wrk.format("POST", "/api/v1/sessions",
        { ["Content-Type"] = "application/json", ["X-Guild-Request"] = "1" },
        '{"phone":"' .. phone .. '","password":"' .. os.getenv("PASSWORD") .. '","nonce":"0123456789abcdef0123456789abcdef"}')
end
