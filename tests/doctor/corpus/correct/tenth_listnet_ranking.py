"""Listwise ranking (ListNet top-one) over queries with different numbers of documents; NDCG@5."""
import torch
import torch.nn as nn

MAX_DOCS, FEATURES = 12, 10


def make_queries(n, w, gen):
    x = torch.randn(n, MAX_DOCS, FEATURES, generator=gen)
    counts = torch.randint(5, MAX_DOCS + 1, (n, 1), generator=gen)
    mask = torch.arange(MAX_DOCS) < counts
    utility = (x @ w).tanh() + x[..., 0] * x[..., 1] * 0.5
    utility = utility + 0.2 * torch.randn(n, MAX_DOCS, generator=gen)
    grades = torch.bucketize(utility, torch.tensor([-0.5, 0.3, 0.8, 1.2])).float()
    x = x * mask.unsqueeze(-1)
    return x, grades * mask, mask


def listnet_loss(scores, grades, mask):
    hide = ~mask
    target = grades.masked_fill(hide, float("-inf")).softmax(dim=1)
    log_p = scores.masked_fill(hide, float("-inf")).log_softmax(dim=1).masked_fill(hide, 0.0)
    return -(target * log_p).sum(dim=1).mean()


def dcg(sorted_grades, k):
    discount = torch.log2(torch.arange(2, k + 2).float())
    return ((2.0 ** sorted_grades[:, :k] - 1) / discount).sum(dim=1)


@torch.no_grad()
def ndcg_at(model, x, grades, mask, k=5):
    model.eval()
    scores = model(x).squeeze(-1).masked_fill(~mask, float("-inf"))
    ranked = grades.gather(1, scores.argsort(dim=1, descending=True))
    ideal = dcg(grades.sort(dim=1, descending=True).values, k)
    relevant = ideal > 0
    return (dcg(ranked, k)[relevant] / ideal[relevant]).mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(20)
    w = torch.randn(FEATURES, generator=gen) / 3
    train = make_queries(600, w, gen)
    test = make_queries(300, w, gen)

    scorer = nn.Sequential(
        nn.Linear(FEATURES, 48), nn.LayerNorm(48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1)
    )
    optimizer = torch.optim.AdamW(scorer.parameters(), lr=3e-3, weight_decay=1e-2)
    print(f"untrained NDCG@5 {ndcg_at(scorer, *test):.4f}")
    for epoch in range(16):
        scorer.train()
        total = 0.0
        for idx in torch.randperm(600).split(40):
            x, grades, mask = (t[idx] for t in train)
            loss = listnet_loss(scorer(x).squeeze(-1), grades, mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: loss {total / 600:.4f}, NDCG@5 {ndcg_at(scorer, *test):.4f}")
