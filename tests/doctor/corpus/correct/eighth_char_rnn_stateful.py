# minimal char-rnn, truncated BPTT with carried state
import random
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(1337)
rng = random.Random(0)
words = {"a": "the every some no".split(), "j": "quick brown lazy vexed jumpy".split(),
         "n": "fox dog zebra wizard box".split(), "v": "jumps over|hugs|packs|fixes|quizzes".split("|")}
text = "".join(" ".join(rng.choice(words[k]) for k in "ajnvajn") + ". " for _ in range(80))
chars = sorted(set(text)); V = len(chars)
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])

cut = int(0.9 * len(data))          # in time order: the future is held out
B, T = 8, 24


def batchify(d, b):
    n = (len(d) - 1) // b
    # b long rows, row r of one chunk continues in row r of the next
    return d[:n * b].view(b, n), d[1:n * b + 1].view(b, n)


class CharRNN(nn.Module):
    def __init__(self, V, d=48, layers=2):
        super().__init__()
        self.emb = nn.Embedding(V, d)
        self.rnn = nn.LSTM(d, d, layers, batch_first=True, dropout=0.1)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.emb.weight        # tied
        nn.init.normal_(self.emb.weight, std=d ** -0.5)

    def forward(self, x, state=None):
        h, state = self.rnn(self.emb(x), state)
        return self.head(h), state


def chunks(d, b):
    x, y = batchify(d, b)
    for i in range(0, x.size(1), T):
        yield x[:, i:i + T], y[:, i:i + T]


@torch.no_grad()
def bits_per_char(net, d):
    net.eval()
    s, nll, n = None, 0.0, 0
    for x, y in chunks(d, 1):
        z, s = net(x, s)
        nll += F.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="sum").item()
        n += y.numel()
    net.train()
    return nll / n / torch.log(torch.tensor(2.0)).item()


@torch.no_grad()
def sample(net, prompt, n, temp=0.7):
    net.eval()
    z, s = net(torch.tensor([[stoi[c] for c in prompt]]))
    out = prompt
    for _ in range(n):
        i = torch.multinomial(F.softmax(z[0, -1] / temp, -1), 1)
        out += chars[i]
        z, s = net(i.view(1, 1), s)
    net.train()
    return out


net = CharRNN(V)
opt = torch.optim.Adam(net.parameters(), 4e-3)
tr, va = data[:cut], data[cut:]
print("before", round(bits_per_char(net, va), 3))
for ep in range(6):
    state, run = None, None           # fresh state at each pass over the text
    for x, y in chunks(tr, B):        # in order, not shuffled: the state is carried
        logits, state = net(x, state)
        state = tuple(s.detach() for s in state)
        loss = F.cross_entropy(logits.reshape(-1, V), y.reshape(-1))
        opt.zero_grad(); loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        run = loss.item() if run is None else 0.9 * run + 0.1 * loss.item()
    print(ep, f"train ~{run:.3f}  val bpc {bits_per_char(net, va):.3f}")
print(sample(net, "the ", 60))
