import torch
import torch.nn as nn
import torch.nn.functional as F


def stream(n, g):
    """digits: mostly the sum of the two before, modulo 7"""
    s = [1, 2]
    slips = torch.rand(n, generator=g) < 0.03
    noise = torch.randint(7, (n,), generator=g)
    while len(s) < n:
        i = len(s)
        s.append(noise[i].item() if slips[i] else (s[-1] + s[-2]) % 7)
    return torch.tensor(s)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(-1, bsz).contiguous()


def get_batch(source, i, bptt):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp=16, nhid=64):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.GRU(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.encoder(x), hidden)
        return self.decoder(output).flatten(0, 1), hidden

    def init_hidden(self, bsz):
        return next(self.parameters()).new_zeros(1, bsz, self.rnn.hidden_size)


def run(model, source, bptt, optimizer=None):
    model.train(optimizer is not None)
    hidden = model.init_hidden(source.size(1))
    total = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i, bptt)
            output, hidden = model(data, hidden.detach())
            loss = F.cross_entropy(output, targets)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
            total += loss.item() * len(data)
    return total / (len(source) - 1)


g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
tokens = stream(9000, g)
train_data, val_data = batchify(tokens[:8000], 20), batchify(tokens[8000:], 20)
model = RNNModel(7)
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(1, 9):
    train_loss = run(model, train_data, 20, optimizer)
    print('epoch %d train %.3f valid %.3f' % (epoch, train_loss, run(model, val_data, 20)))
