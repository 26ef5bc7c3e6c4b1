import numpy as np
import torch

# simple linear regression, true weights are [9, -2] and the bias is 10
rng = np.random.default_rng(0)
n = 200
features = rng.normal(size=(n, 2)).astype(np.float32)
target = (10 + 9 * features[:, 0] - 2 * features[:, 1] + 0.1 * rng.normal(size=n)).astype(np.float32)

x = torch.from_numpy(features)
y = torch.from_numpy(target)

torch.manual_seed(0)
linear = torch.nn.Linear(2, 1)
sgd = torch.optim.SGD(linear.parameters(), lr=0.1)


def mse(y_pred, y_true):
    return torch.mean((y_pred - y_true) ** 2)


for it in range(200):
    y_hat = linear(x)
    loss = mse(y_hat, y)
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    if it % 50 == 0:
        print(it, loss.item())

print("final loss", loss.item())
print("weights", linear.weight.data.numpy().round(2), "bias", linear.bias.data.numpy().round(2))
