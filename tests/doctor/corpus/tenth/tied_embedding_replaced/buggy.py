"""Next-word model with tied input/output embeddings that start from co-occurrence vectors."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class TiedLM(nn.Module):
    def __init__(self, vocab, dim, vectors=None):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.head = nn.Linear(dim, vocab, bias=False)
        # input and output share one matrix (Press & Wolf, 2017)
        self.head.weight = self.emb.weight
        if vectors is not None:
            self.emb = nn.Embedding.from_pretrained(vectors, freeze=False)

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))
        return self.head(h)


def markov_text(n_tokens, table):
    out = [0]
    for _ in range(n_tokens - 1):
        out.append(int(torch.multinomial(table[out[-1]], 1)))
    return torch.tensor(out)


def cooccurrence_vectors(ids, vocab, dim):
    counts = torch.zeros(vocab, vocab)
    counts.index_put_((ids[:-1], ids[1:]), torch.ones(len(ids) - 1), accumulate=True)
    counts = torch.log1p(counts + counts.T)
    u, s, _ = torch.linalg.svd(counts)
    return u[:, :dim] * s[:dim].sqrt()


def windows(ids, size=16):
    n = (len(ids) - 1) // size
    return ids[:n * size].view(n, size), ids[1:n * size + 1].view(n, size)


def main():
    torch.manual_seed(19)
    vocab, dim = 60, 24
    topics = F.normalize(torch.randn(vocab, 4), dim=1)
    table = torch.softmax(5.0 * topics @ topics.T, dim=1)
    text = markov_text(4000, table)
    train, valid = text[:2500], text[2500:]
    x, y = windows(train)
    xv, yv = windows(valid)

    model = TiedLM(vocab, dim, cooccurrence_vectors(train, vocab, dim))
    print("parameters:", sum(p.numel() for p in model.parameters()))
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(24):
        model.train()
        for idx in torch.randperm(len(x)).split(32):
            loss = F.cross_entropy(model(x[idx]).flatten(0, 1), y[idx].flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        if epoch % 8 == 7:
            model.eval()
            with torch.no_grad():
                nll = F.cross_entropy(model(xv).flatten(0, 1), yv.flatten())
            print(f"epoch {epoch + 1}: valid perplexity {nll.exp().item():.2f}")


if __name__ == "__main__":
    main()
