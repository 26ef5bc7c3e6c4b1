import torch
import torch.nn as nn
import torch.nn.functional as F


def expected_calibration_error(probs, labels, n_bins=15):
    conf, pred = probs.max(dim=1)
    hit = pred.eq(labels).float()
    edges = torch.linspace(0, 1, n_bins + 1)
    ece = torch.zeros(())
    for lo, hi in zip(edges[:-1], edges[1:]):
        inside = (conf > lo) & (conf <= hi)
        if inside.any():
            gap = (hit[inside].mean() - conf[inside].mean()).abs()
            ece += gap * inside.float().mean()
    return ece.item()


def fit_temperature(logits, labels):
    log_t = torch.zeros(1, requires_grad=True)
    opt = torch.optim.LBFGS([log_t], lr=0.1, max_iter=50)

    def closure():
        opt.zero_grad()
        loss = F.cross_entropy(logits / log_t.exp(), labels)
        loss.backward()
        return loss

    opt.step(closure)
    return log_t.exp().item()


def main():
    torch.manual_seed(26)
    centers = torch.randn(8, 10)
    y = torch.randint(0, 8, (1600,))
    x = centers[y] + 1.3 * torch.randn(1600, 10)
    parts = {"train": slice(0, 400), "val": slice(400, 800), "test": slice(800, 1600)}
    data = {k: (x[s], y[s]) for k, s in parts.items()}

    net = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 8))
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    xt, yt = data["train"]
    for epoch in range(25):
        net.train()
        for idx in torch.randperm(len(xt)).split(32):
            opt.zero_grad()
            F.cross_entropy(net(xt[idx]), yt[idx]).backward()
            opt.step()

    net.eval()
    with torch.no_grad():
        val_logits, test_logits = net(data["val"][0]), net(data["test"][0])
    t = fit_temperature(val_logits, data["val"][1])
    y_test = data["test"][1]
    print("test accuracy %.3f" % (test_logits.argmax(1) == y_test).float().mean().item())
    print("T = %.2f  ECE before %.4f  after %.4f" % (
        t,
        expected_calibration_error(test_logits.softmax(1), y_test),
        expected_calibration_error((test_logits / t).softmax(1), y_test),
    ))


if __name__ == "__main__":
    main()
