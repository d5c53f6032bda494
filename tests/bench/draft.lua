-- wrk: people who save a draft again and again, each on the version that the last answer told. There are as many as
-- connections; whose answer one is tells its version, since each person's begin at a million of their own.
-- PEOPLE: a file with "version cookie" a line; THREADS share it. RUN: what makes the idempotency keys new.
local MILLION = 1000000
local given = 0

function setup(thread)
    thread:set("number", given)
    given = given + 1
end

function init()
    heads, versions, idle, count = {}, {}, {}, 0
    local line_number = 0
    for line in io.lines(os.getenv("PEOPLE")) do
        if line_number % tonumber(os.getenv("THREADS")) == number then
            local version, cookie = line:match("^(%d+) (.*)$")
            local person = math.floor(version / MILLION)
            heads[person] = "PUT /api/v1/identities/OWNER_UNIT/draft HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nCookie: " .. cookie
                .. "\r\nContent-Type: application/json\r\nX-Guild-Request: 1\r\nIdempotency-Key: "
            versions[person] = tonumber(version)
            idle[#idle + 1] = person
        end
        line_number = line_number + 1
    end
    run = os.getenv("RUN") .. "-" .. number .. "-"
    tried = number > 0 -- wrk looks at one request of the first thread before it begins
end

function request()
    local person = tried and table.remove(idle) or idle[#idle]
    tried = true
    count = count + 1
    local body = '{"version":' .. versions[person]
        .. ',"form":{"owner_unit":{"unit_name":"长治市测量公司","contact_name":"王测量","contact_phone":"18003551778"}}}'
    return heads[person] .. run .. count .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
    local version = tonumber(body:match('"version":(%d+)'))
    local person = math.floor(version / MILLION)
    versions[person] = version
    idle[#idle + 1] = person
end
