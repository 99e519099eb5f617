// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

// The least ERC-20 that tests need: who makes it has all of it, and sends it on.
// Its byte code, `token.hex`, was made by: npx solc@0.8.30 --optimize --bin --base-path . Token.sol
contract Token {
    event Transfer(address indexed from, address indexed to, uint256 value);

    mapping(address => uint256) public balanceOf;

    constructor() {
        balanceOf[msg.sender] = 10 ** 30;
        emit Transfer(address(0), msg.sender, 10 ** 30);
    }

    function decimals() external pure returns (uint8) {
        return 6;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
