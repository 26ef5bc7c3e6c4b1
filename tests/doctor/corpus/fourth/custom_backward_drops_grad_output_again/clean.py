import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split


class Mish(torch.autograd.Function):
    """x * tanh(softplus(x)); recomputes everything in the backward pass to save memory."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.tanh(F.softplus(x))

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        t = torch.tanh(F.softplus(x))
        local = t + x * torch.sigmoid(x) * (1 - t * t)
        return grad_output * local


class MishLayer(nn.Module):
    def forward(self, x):
        return Mish.apply(x)


class Net(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layers = nn.Sequential()
        for i, (a, b) in enumerate([(n_in, n_hidden), (n_hidden, n_hidden)]):
            self.layers.add_module(f"fc{i}", nn.Linear(a, b))
            self.layers.add_module(f"act{i}", MishLayer())
        self.out = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.out(self.layers(x))


def get_data(seed):
    X, y = load_wine(return_X_y=True)
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.4, random_state=seed, stratify=y)
    sc = StandardScaler().fit(Xa)
    f = lambda v: torch.tensor(sc.transform(v), dtype=torch.float32)
    return f(Xa), torch.tensor(ya), f(Xb), torch.tensor(yb)


def main(seed=1):
    torch.manual_seed(seed)
    Xa, ya, Xb, yb = get_data(seed)
    net = Net(Xa.shape[1], 24, 3)
    opt = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(40):
        net.train()
        for i in torch.randperm(len(Xa)).split(16):
            opt.zero_grad()
            loss = F.cross_entropy(net(Xa[i]), ya[i])
            loss.backward()
            opt.step()
        if epoch % 20 == 19:
            net.eval()
            with torch.no_grad():
                out = net(Xb)
            print(epoch + 1, "val loss %.3f" % F.cross_entropy(out, yb).item(), "acc %.3f" % (out.argmax(1) == yb).float().mean().item())


if __name__ == "__main__":
    main()
