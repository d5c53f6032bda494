-- wrk: each request logs one of many people in. PHONES: a file with a phone a line; PASSWORD is everybody's.
local phones = {}

function init()
    for line in io.lines(os.getenv("PHONES")) do
        phones[#phones + 1] = line
    end
    math.randomseed(os.time())
end

function request()
    local phone = phones[math.random(#phones)]
    return wrk.format("POST", "/api/v1/sessions",
        { ["Content-Type"] = "application/json", ["X-Guild-Request"] = "1" },
        '{"phone":"' .. phone .. '","password":"' .. os.getenv("PASSWORD") .. '","nonce":"0123456789abcdef0123456789abcdef"}')
end
